/* The program itself with a tiny merchant: redirect, page, decision, signed notification, refund. */
#include "shop.h"

#include "httpc/httpc.h"
#include "httpd/httpd.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* What the merchant has been told. */
struct merchant {
    pthread_mutex_t lock;
    pthread_cond_t told;
    struct sim_key *bank_key;
    int calls, good, refuse; /* `refuse`: answer this many of them with a failure */
    char order[40], amount[24], status[16];
};

static enum err notified(struct httpd_request *r, struct httpd_reply *reply, void *app,
                         struct err_info *e)
{
    struct merchant *m = app;
    const struct httpd_pair *f;
    TRY(httpd_form(r, &f, e));
    pthread_mutex_lock(&m->lock);
    const char *sign = httpd_pair_get(f, "sign");
    m->calls++;
    m->good = sign && sim_verify(m->bank_key, sim_sign_text(r->arena, f), sign);
    snprintf(m->order, sizeof m->order, "%s", httpd_pair_get(f, "order"));
    snprintf(m->amount, sizeof m->amount, "%s", httpd_pair_get(f, "amount_fen"));
    snprintf(m->status, sizeof m->status, "%s", httpd_pair_get(f, "status"));
    reply->content_type = "text/plain";
    buf_text(&reply->body, m->refuse-- > 0 ? "fail" : "success");
    pthread_cond_signal(&m->told);
    pthread_mutex_unlock(&m->lock);
    return ERR_OK;
}

static const struct httpd_route routes[] = {{"POST", "/notify", notified, 0, 8192, 0}};

struct fixture {
    struct shop shop;
    struct merchant m;
    struct httpd *server;
    struct httpc *bank;
    struct arena *a;
    const char *program;
    pid_t pid;
    char notify_url[80];
};

/* Start the program and learn its port from what it prints. */
static void start(struct fixture *f)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    f->pid = fork();
    if (f->pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        execl(f->program, f->program, "bank", "--port", "0", "--config-dir", f->shop.folder,
              (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *said = fdopen(out[0], "r");
    char base[100];
    assert_int_equal(fscanf(said, "bank ready: %90[^\n]", base), 1);
    fclose(said);
    base[strlen(base) - 1] = '\0'; /* the last slash */
    f->bank = httpc_new(&(struct httpc_options){.service = "bank", .base = base});
}

static void stop(struct fixture *f)
{
    int status;
    kill(f->pid, SIGTERM);
    waitpid(f->pid, &status, 0);
    assert_int_equal(status, 0);
    httpc_free(f->bank);
}

static int setup(void **state)
{
    struct err_info e;
    struct fixture *f = mem_alloc(sizeof *f);
    f->program = *state;
    shop_open(&f->shop);
    f->a = arena_new();
    pthread_mutex_init(&f->m.lock, NULL);
    pthread_cond_init(&f->m.told, NULL);
    f->server = httpd_new(&(struct httpd_options){.workers = 1});
    httpd_mount(f->server, routes, 1, NULL, &f->m);
    assert_ok(httpd_listen(f->server, &(struct httpd_listen){.host = "127.0.0.1"}, &e), &e);
    assert_ok(httpd_start(f->server, &e), &e);
    snprintf(f->notify_url, sizeof f->notify_url, "http://127.0.0.1:%d/notify",
             httpd_port(f->server, 0));
    start(f);
    struct bytes pem;
    assert_ok(file_read(f->a, arena_fmt(f->a, "%s/bank-pub.pem", f->shop.folder), 8192, &pem, &e),
              &e);
    assert_ok(sim_key_public((const char *)pem.p, &f->m.bank_key, &e), &e);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    *state = (void *)(uintptr_t)f->program;
    stop(f);
    httpd_free(f->server);
    sim_key_free(f->m.bank_key);
    arena_free(f->a);
    shop_close(&f->shop);
    free(f);
    return 0;
}

static struct httpc_answer get(struct fixture *f, const char *path)
{
    struct err_info e;
    struct httpc_answer answer = {0};
    assert_ok(httpc_send(f->bank, f->a, &(struct httpc_request){.path = path}, &answer, &e), &e);
    return answer;
}

static struct httpc_answer post(struct fixture *f, const char *path, const char *type,
                                const char *body)
{
    struct err_info e;
    struct httpc_answer answer = {0};
    struct httpc_request r = {
        .path = path, .content_type = type, .body = {(const uint8_t *)body, strlen(body)}};
    assert_ok(httpc_send(f->bank, f->a, &r, &answer, &e), &e);
    return answer;
}

static const char *form_of(struct fixture *f, struct httpd_pair *p)
{
    _auto_buf b;
    buf_init(&b, 16384);
    shop_sign(&f->shop, f->a, p, clock_machine());
    for (; p->name; p++)
        httpc_form_add(&b, p->name, p->value);
    return arena_text(f->a, buf_cstr(&b));
}

static const char *form_type = "application/x-www-form-urlencoded";

static struct httpc_answer open_page(struct fixture *f, const char *order)
{
    struct httpd_pair p[SHOP_PARAMS_MAX] = {{"merchant", "certhall"},
                                            {"order", order},
                                            {"amount_fen", "30000"},
                                            {"subject", "<b>UKey</b> 证书服务费"},
                                            {"return_url", "http://127.0.0.1:9/back"},
                                            {"notify_url", f->notify_url}};
    return get(f, arena_fmt(f->a, "/pay?%s", form_of(f, p)));
}

static struct httpc_answer decide(struct fixture *f, struct httpc_answer page, const char *decision)
{
    const char *ticket = strstr((const char *)page.body.p, "name=\"ticket\" value=\"");
    assert_non_null(ticket);
    ticket += strlen("name=\"ticket\" value=\"");
    const char *body = arena_fmt(f->a, "ticket=%.*s&decision=%s", (int)strcspn(ticket, "\""),
                                 ticket, decision);
    return post(f, "/decide", form_type, body);
}

/* Wait until the merchant has been called `n` times in all, at most 6 s. */
static void wait_calls(struct fixture *f, int n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 6;
    pthread_mutex_lock(&f->m.lock);
    while (f->m.calls < n && pthread_cond_timedwait(&f->m.told, &f->m.lock, &until) == 0)
        ;
    int calls = f->m.calls;
    pthread_mutex_unlock(&f->m.lock);
    assert_int_equal(calls, n);
}

static void a_payment_goes_its_whole_way(void **state)
{
    struct fixture *f = *state;
    f->m.refuse = 1; /* the first notification fails and comes again */
    struct httpc_answer page = open_page(f, "42");
    assert_int_equal(page.status, 200);
    const char *html = (const char *)page.body.p;
    assert_non_null(strstr(html, "银行模拟器"));
    assert_non_null(strstr(html, "证书服务中心"));
    assert_non_null(strstr(html, "300.00"));
    assert_non_null(strstr(html, "&lt;b&gt;UKey&lt;/b&gt;")); /* and never as markup */
    assert_null(strstr(html, "<b>UKey"));

    struct httpc_answer back = decide(f, page, "approve");
    assert_int_equal(back.status, 303);
    assert_non_null(strstr(back.location, "http://127.0.0.1:9/back?merchant=certhall&order=42&"));
    wait_calls(f, 2);
    assert_int_equal(f->m.good, 1);
    assert_string_equal(f->m.order, "42");
    assert_string_equal(f->m.amount, "30000");
    assert_string_equal(f->m.status, "SUCCESS");

    struct httpd_pair q[SHOP_PARAMS_MAX] = {{"merchant", "certhall"}, {"order", "42"}};
    struct httpc_answer queried = post(f, "/query", form_type, form_of(f, q));
    assert_int_equal(queried.status, 200);
    assert_non_null(strstr((const char *)queried.body.p, "\"status\":\"SUCCESS\""));
    struct httpd_pair r[SHOP_PARAMS_MAX] = {
        {"merchant", "certhall"}, {"order", "42"}, {"refund_no", "r1"}, {"amount_fen", "30000"}};
    struct httpc_answer refunded = post(f, "/refund", form_type, form_of(f, r));
    assert_non_null(strstr((const char *)refunded.body.p, "\"status\":\"SUCCESS\""));
    /* the page of a payment that is made offers the way back and no button to pay */
    page = open_page(f, "42");
    assert_null(strstr((const char *)page.body.p, "name=\"ticket\""));
    assert_non_null(strstr((const char *)page.body.p, "返回商户"));
}

static void the_control_makes_the_bank_lie(void **state)
{
    struct fixture *f = *state;
    struct httpc_answer set = post(f, "/control", "application/json",
                                   "{\"next\":{\"notify\":\"wrong_signature\"}}");
    assert_int_equal(set.status, 200);
    decide(f, open_page(f, "1"), "approve");
    wait_calls(f, 1);
    assert_int_equal(f->m.good, 0);
    set = post(f, "/control", form_type, "notify=wrong_amount&query=down&refund=normal");
    assert_int_equal(set.status, 303);
    decide(f, open_page(f, "2"), "approve");
    wait_calls(f, 2);
    assert_int_equal(f->m.good, 1);
    assert_string_equal(f->m.amount, "30001");
    struct httpd_pair q[SHOP_PARAMS_MAX] = {{"merchant", "certhall"}, {"order", "2"}};
    assert_int_equal(post(f, "/query", form_type, form_of(f, q)).status, 503);
    decide(f, open_page(f, "3"), "refuse");
    wait_calls(f, 3);
    assert_string_equal(f->m.status, "FAILED");
    set = post(f, "/control", "application/json", "{\"next\":{\"notify\":\"sometimes\"}}");
    assert_int_equal(set.status, 400);
    assert_int_equal(get(f, "/control").status, 200);
}

static void a_forged_page_or_call_is_refused(void **state)
{
    struct fixture *f = *state;
    struct httpc_answer page = get(f, "/pay?merchant=certhall&order=1&amount_fen=1&sign=x");
    assert_int_equal(page.status, 400);
    assert_non_null(strstr((const char *)page.body.p, "这次没有扣款"));
    struct httpc_answer call =
        post(f, "/query", form_type,
             "merchant=certhall&order=1&time=2026-11-20T10%3A00%3A00%2B08%3A00&sign=eA==");
    assert_int_equal(call.status, 403);
    assert_non_null(strstr((const char *)call.body.p, "\"code\":\"SIGN_WRONG\""));
    struct err_info e;
    struct httpc_answer answer;
    const char *const foreign[] = {"Sec-Fetch-Site: cross-site", NULL};
    struct httpc_request r = {.path = "/control",
                              .content_type = form_type,
                              .headers = foreign,
                              .body = {(const uint8_t *)"notify=never", 12}};
    assert_ok(httpc_send(f->bank, f->a, &r, &answer, &e), &e);
    assert_int_equal(answer.status, 403);
}

static void a_killed_bank_still_tells_what_it_owes(void **state)
{
    struct fixture *f = *state;
    f->m.refuse = 1;
    decide(f, open_page(f, "9"), "approve");
    wait_calls(f, 1);
    usleep(200 * 1000); /* its answer has been read and written down */
    int status;
    kill(f->pid, SIGKILL);
    waitpid(f->pid, &status, 0);
    httpc_free(f->bank);
    start(f);
    wait_calls(f, 2);
    assert_string_equal(f->m.order, "9");
}

/* Exit status of the program with these arguments; its output goes nowhere. */
static int run(const char *program, const char *one, const char *two)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(126);
        execl(program, program, one, two, (char *)NULL);
        _exit(127);
    }
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wrong_usage_exits_2_and_help_0(void **state)
{
    const char *program = ((struct fixture *)*state)->program;
    assert_int_equal(run(program, "--help", NULL), 0);
    assert_int_equal(run(program, "--version", NULL), 0);
    assert_int_equal(run(program, "bank", NULL), 2);
    assert_int_equal(run(program, "shop", NULL), 2);
    assert_int_equal(run(program, "bank", "--port=x"), 2);
    assert_int_equal(run(program, "bank", "--config-dir=/dev/null/x"), 1);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    signal(SIGPIPE, SIG_IGN);
#define each(t) cmocka_unit_test_prestate_setup_teardown(t, setup, teardown, argv[1])
    const struct CMUnitTest tests[] = {
        each(a_payment_goes_its_whole_way),     each(the_control_makes_the_bank_lie),
        each(a_forged_page_or_call_is_refused), each(a_killed_bank_still_tells_what_it_owes),
        each(wrong_usage_exits_2_and_help_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
