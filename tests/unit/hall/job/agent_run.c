/* The real agent, run in this process against the hall's own server. Apart, because agent and hall both call it a job. */
#include "agent/job.h"

#include "base/sys.h"
#include "testing.h"

#include <string.h>

struct whole;
struct agent_run {
    int done, cancelled;
    const char *code, *finish, *digits;
};
const char *whole_conf_path(struct whole *w);
const char *whole_answers_path(struct whole *w);
struct arena *whole_arena(struct whole *w);
struct agent_run agent_run(struct whole *w, const char *ticket, const char *answers);

struct agent_run agent_run(struct whole *w, const char *ticket, const char *answers)
{
    struct arena *a = whole_arena(w);
    struct agent_conf conf;
    struct job_report r;
    struct err_info e;
    struct bytes text = {(const uint8_t *)answers, strlen(answers)};
    assert_ok(file_replace(whole_answers_path(w), text, 0600, &e), &e);
    assert_ok(agent_conf_read(a, whole_conf_path(w), &conf, &e), &e);
    struct job_options o = {.conf = &conf,
                            .server = agent_conf_server(&conf, NULL),
                            .lang = LANG_ZH,
                            .ticket = ticket,
                            .no_browser = 1,
                            .key_ms = 3000,
                            .patience_ms = 1500,
                            .claim_ms = 10};
    enum err err = job_run(a, &o, &r, &e);
    if (err != ERR_OK) /* the job could not even be had, or its result not told */
        print_message("agent: %s %s\n", err_code_text(err), e.detail);
    if (err != ERR_OK)
        return (struct agent_run){.code = err_code_text(err)};
    if (r.outcome == JOB_FAILED)
        print_message("agent: %s %s\n", err_code_text(r.why.code), r.why.detail);
    return (struct agent_run){.done = r.outcome == JOB_DONE,
                              .cancelled = r.outcome == JOB_CANCELLED,
                              .code = r.outcome == JOB_FAILED ? err_code_text(r.why.code) : "",
                              .finish = r.finish,
                              .digits = r.code};
}
