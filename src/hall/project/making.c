/* What the bench is told, from the sections cert, pin and project of a profile. */
#include "hall/project/schema.h"

/* Wrong admin PINs come from interruptions alone (U4b: one at most for each), so a few more than the user's suffice. */
enum { ADMIN_TRIES = 10 };

static const char *agent_algorithm(enum project_algorithm a)
{
    static const char *const names[] = {[ALGORITHM_SM2] = "sm2",
                                        [ALGORITHM_P256] = "p256",
                                        [ALGORITHM_RSA2048] = "rsa2048",
                                        [ALGORITHM_RSA3072] = "rsa3072"};
    return names[a];
}

void project_making_fill(struct project *p)
{
    p->making = (struct project_making){.ca_profile = p->cert.profile,
                                        .algorithm = agent_algorithm(p->cert.algorithm),
                                        .valid_days = p->cert.validity_days,
                                        .serial_prefix = p->about.serial_prefix,
                                        .key_label = p->about.code,
                                        .pin_min = p->pin.min_len,
                                        .pin_max = p->pin.max_len,
                                        .pin_kinds = p->pin.classes,
                                        .user_tries = p->pin.max_tries,
                                        .admin_tries = ADMIN_TRIES};
}

const struct project_making *project_making(const struct project *p)
{
    return &p->making;
}
