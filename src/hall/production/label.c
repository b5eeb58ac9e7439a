/* The label of a UKey: 60 × 40 mm, serial and QR (brief: labels 60 × 40 mm). */
#include "hall/production/production.h"
#include "print/print.h"

enum { WIDTH = 60, HEIGHT = 40, EDGE = 3, QR = 22 };

static const char *day(struct arena *a, int64_t at)
{
    return time_date_text(a, time_china_day(at));
}

int production_label_lines(const struct production_label *l, enum lang lang, struct arena *a,
                           const char *out[PRODUCTION_LABEL_LINES])
{
    int n = 0, en = lang == LANG_EN;
    out[n++] = l->institution;
    out[n++] = l->user;
    out[n++] = arena_fmt(a, en ? "Order %lld" : "业务单 %lld", (long long)l->order);
    if (l->not_after)
        out[n++] = arena_fmt(a, en ? "Valid until %s" : "有效期至 %s", day(a, l->not_after));
    if (*l->hotline)
        out[n++] = arena_fmt(a, en ? "Hotline %s" : "热线 %s", l->hotline);
    return n;
}

enum err production_label_pdf(const struct production_label *l, enum lang lang, struct arena *a,
                              struct bytes *pdf, struct err_info *e)
{
    const char *line[PRODUCTION_LABEL_LINES];
    const char *serial = ukey_serial_text(a, l->serial);
    int n = production_label_lines(l, lang, a, line);
    _auto(print) p = print_new(WIDTH, HEIGHT, serial);
    double y = EDGE;
    y += print_text(p, EDGE, y, WIDTH - 2 * EDGE, 11, PRINT_BOLD | PRINT_MONO | PRINT_ONE_LINE,
                    serial);
    y += print_text(p, EDGE, y, WIDTH - 2 * EDGE, 7, PRINT_ONE_LINE, line[0]) + 0.5;
    print_line(p, EDGE, y, WIDTH - EDGE, y, 0.15);
    double top = y + 0.8;
    y = top;
    for (int i = 1; i < n; i++)
        y += print_text(p, EDGE, y, WIDTH - 2 * EDGE - QR, 6, i == 1 ? PRINT_BOLD : 0, line[i]);
    TRY(print_qr(p, WIDTH - EDGE - QR, top, QR, l->serial, e));
    return print_finish(p, a, pdf, e);
}
