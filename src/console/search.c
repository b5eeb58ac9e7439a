#include "console/console_priv.h"

#include "hall/report/report.h"

#include <string.h>

static const char *const KINDS[] = {[REPORT_HIT_ORDER] = "order",
                                    [REPORT_HIT_INSTITUTION] = "institution",
                                    [REPORT_HIT_KEY] = "key",
                                    [REPORT_HIT_CERTIFICATE] = "certificate",
                                    [REPORT_HIT_PERSON] = "person"};

static const char *note_of(const struct report_hit *h, enum lang lang)
{
    static const struct {
        const char *what, *text[2];
    } words[] = {
        {"order", {"业务单号", "order number"}},
        {"name", {"单位名称", "institution"}},
        {"uscc", {"统一社会信用代码", "credit code"}},
        {"serial", {"序列号", "serial number"}},
        {"number", {"快递单号", "courier number"}},
        {"contact", {"经办人联系方式", "handler's contact"}},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].what, h->what) == 0)
            return words[i].text[lang];
    return "";
}

HANDLER(console_search)
{
    struct report_hit *hit = arena_alloc(r->arena, REPORT_HITS_MAX * sizeof *hit);
    const char *q;
    size_t n;
    int more;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(web_query(r, "q", 100, &q, e));
    if (!q || !q[0] || !q[1])
        return web_bad(e, "q", "2 – 100");
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(report_search(&tx, q, hit, &n, &more, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        jout_object(&j, NULL);
        jout_text(&j, "kind", KINDS[hit[i].kind]);
        jout_text(&j, "id", hit[i].id);
        jout_text(&j, "title", hit[i].title);
        jout_text(&j, "note", note_of(&hit[i], r->lang));
        jout_text(&j, "matched", hit[i].matched);
        jout_end(&j);
    }
    jout_end(&j);
    jout_bool(&j, "more", more);
    jout_end(&j);
    return ERR_OK;
}
