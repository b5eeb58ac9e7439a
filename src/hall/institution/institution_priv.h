/* Between the files of institution. */
#ifndef CERTHALL_HALL_INSTITUTION_PRIV_H
#define CERTHALL_HALL_INSTITUTION_PRIV_H

#include "hall/institution/institution.h"

struct store_row;
struct institution institution_of(const struct store_row *r);

#endif
