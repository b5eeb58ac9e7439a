/* What both lines share: a client on a UNIX socket and JSON texts. */
#ifndef CERTHALL_HALL_LINE_H
#define CERTHALL_HALL_LINE_H

#include "base/json.h"
#include "httpc/httpc.h"

/* `service`: what a person calls the other side. */
struct httpc *line_new(const char *service, const char *base, const char *socket,
                       const char *peer_key);
/* POST of a JSON object that was written to `j`; the answer is an object. */
NODISCARD enum err line_post(struct httpc *c, const char *path, const struct buf *body,
                             json_t **out, struct err_info *e);
/* GET. */
NODISCARD enum err line_get(struct httpc *c, const char *path, json_t **out, struct err_info *e);
/* An answer without what it must have: as if the other side were away. */
NODISCARD enum err line_bad(const char *service, struct err_info *e);

#endif
