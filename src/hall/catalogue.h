/* The tables of the hall's database: every concept's module, in the order of their migrations. */
#ifndef CERTHALL_HALL_CATALOGUE_H
#define CERTHALL_HALL_CATALOGUE_H

#include "store/store.h"

extern const struct store_catalogue hall_catalogue;

#endif
