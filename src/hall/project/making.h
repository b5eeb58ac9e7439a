/* What a project says about UKeys, their PIN and their certificate: plain data, read-only, shared by all threads.
 * The profile's reader fills it; `ukey`, `production` and `job` use it. */
#ifndef CERTHALL_HALL_PROJECT_MAKING_H
#define CERTHALL_HALL_PROJECT_MAKING_H

struct project;

struct project_making {
    const char *ca_profile;      /* certificate profile at the ca: "aml-reporting" */
    const char *algorithm;       /* of the key pair, as the agent knows it: "p256" */
    int valid_days;              /* cert.validity_days: 365 */
    const char *serial_prefix;   /* two letters before year and number: "FX" */
    const char *key_label;       /* what stands on the UKey itself, at most 32 bytes */
    int pin_min, pin_max;        /* characters: 6, 16 */
    int pin_kinds;               /* of lower case, upper case, digits, signs: 2 */
    int user_tries, admin_tries; /* 6 (C-01), 10 */
};
/* Never NULL. */
const struct project_making *project_making(const struct project *p);

#endif
