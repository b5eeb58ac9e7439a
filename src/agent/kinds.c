#include "agent/job.h"

#include <string.h>

/* The allow-list: what a server may ask for, and in which steps (docs/agent-protocol.md). */
static const struct step identify[] = {{"identify", step_identify}};
static const struct step attach[] = {{"confirm", step_confirm}, {"keys", step_keys}};
static const struct step login[] = {{"sign", step_login}};
static const struct step activate[] = {
    {"key", step_key}, {"first_pin", step_first_pin}, {"test", step_activate_test}};
static const struct step change_pin[] = {{"change", step_change_pin}};
static const struct step diagnose[] = {{"diagnose", step_diagnose}};
static const struct step self_test[] = {{"test", step_self_test}};
static const struct step produce[] = {{"key", step_bench_key}, {"initialise", step_initialise},
                                      {"csr", step_csr},       {"maker", step_maker},
                                      {"write", step_write},   {"prove", step_prove}};
static const struct step wipe[] = {{"wipe", step_wipe}};

#define STEPS(list) list, sizeof(list) / sizeof *(list)

static const struct kind kinds[] = {
    /* name, text, bench, serial, order, where, steps */
    {"identify", TEXT_JOB_IDENTIFY, 0, 0, 0, JOB_USER, STEPS(identify)},
    {"attach", TEXT_JOB_ATTACH, 0, 0, 0, JOB_USER, STEPS(attach)},
    {"login", TEXT_JOB_LOGIN, 0, 0, 0, JOB_USER, STEPS(login)},
    {"activate", TEXT_JOB_ACTIVATE, 0, 1, 1, JOB_USER, STEPS(activate)},
    {"change_pin", TEXT_JOB_CHANGE_PIN, 0, 0, 0, JOB_USER, STEPS(change_pin)},
    {"diagnose", TEXT_JOB_DIAGNOSE, 0, 0, 0, JOB_USER, STEPS(diagnose)},
    {"self_test", TEXT_JOB_SELF_TEST, 0, 0, 0, JOB_USER, STEPS(self_test)},
    {"produce", TEXT_JOB_PRODUCE, 1, 1, 1, JOB_BENCH, STEPS(produce)},
    {"wipe", TEXT_JOB_WIPE, 1, 1, 0, JOB_BENCH, STEPS(wipe)},
};

const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}
