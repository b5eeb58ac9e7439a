/* Between the ca and its child with the vendor's library: one message each way on a socket of whole messages. A request is
 * its kind, then texts or octets each behind their length; an answer an enum err, then what is asked for, or {why}. */
#ifndef CERTHALL_CA_HSM_PRIV_H
#define CERTHALL_CA_HSM_PRIV_H

#include "ca/hsm.h"

enum { HSM_MESSAGE_MAX = 4096, HSM_KEYS_MAX = 16 };
enum hsm_kind { HSM_OPEN = 1, HSM_SIGN };

/* Length in two octets, then the octets. */
void hsm_put(struct buf *b, struct bytes part);
/* 0 where there is no such part. */
int hsm_take(struct bytes *message, struct bytes *part);

_Noreturn void hsm_child(int line, const char *module);

#endif
