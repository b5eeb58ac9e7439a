#include "print/print.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#define SANS "Noto Sans CJK SC"
#define MONO "Noto Sans Mono CJK SC"
enum { DOCUMENT_MAX = 16 * 1024 * 1024, QR_TEXT_MAX = 500, QR_QUIET = 4 };
static const double MM = 72.0 / 25.4; /* PDF units in a millimetre */

struct print {
    cairo_surface_t *surface;
    cairo_t *cairo;
    struct buf out;
};

static cairo_status_t take(void *arg, const unsigned char *p, unsigned n)
{
    struct print *print = arg;
    buf_put(&print->out, p, n);
    return print->out.full ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

struct print *print_new(double width, double height, const char *title)
{
    struct print *p = mem_alloc(sizeof *p);
    buf_init(&p->out, DOCUMENT_MAX);
    p->surface = cairo_pdf_surface_create_for_stream(take, p, width * MM, height * MM);
    cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_TITLE, title);
    p->cairo = cairo_create(p->surface);
    return p;
}

void print_free(struct print *p)
{
    if (!p)
        return;
    cairo_destroy(p->cairo);
    cairo_surface_destroy(p->surface);
    buf_clear(&p->out);
    free(p);
}

static PangoLayout *layout_of(struct print *p, double width, double points, unsigned style,
                              const char *text)
{
    PangoLayout *l = pango_cairo_create_layout(p->cairo);
    PangoFontDescription *font = pango_font_description_from_string(style & PRINT_MONO ? MONO
                                                                                       : SANS);
    pango_font_description_set_absolute_size(font, points * PANGO_SCALE);
    if (style & PRINT_BOLD)
        pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(l, font);
    pango_font_description_free(font);
    pango_layout_set_width(l, (int)(width * MM * PANGO_SCALE));
    pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
    if (style & PRINT_ONE_LINE) {
        pango_layout_set_height(l, 0);
        pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_END);
    }
    pango_layout_set_alignment(l, style & PRINT_RIGHT    ? PANGO_ALIGN_RIGHT
                                  : style & PRINT_CENTRE ? PANGO_ALIGN_CENTER
                                                         : PANGO_ALIGN_LEFT);
    pango_layout_set_text(l, text, -1);
    return l;
}

static double height_of(PangoLayout *l)
{
    int w, h;
    pango_layout_get_size(l, &w, &h);
    return h / (double)PANGO_SCALE / MM;
}

double print_text(struct print *p, double x, double y, double width, double points, unsigned style,
                  const char *text)
{
    double grey = style & PRINT_GREY ? 0.4 : 0;
    PangoLayout *l = layout_of(p, width, points, style, text);
    cairo_set_source_rgb(p->cairo, grey, grey, grey);
    cairo_move_to(p->cairo, x * MM, y * MM);
    pango_cairo_show_layout(p->cairo, l);
    double used = height_of(l);
    g_object_unref(l);
    return used;
}

double print_height(struct print *p, double width, double points, unsigned style, const char *text)
{
    PangoLayout *l = layout_of(p, width, points, style, text);
    double used = height_of(l);
    g_object_unref(l);
    return used;
}

void print_line(struct print *p, double x1, double y1, double x2, double y2, double thickness)
{
    cairo_set_source_rgb(p->cairo, 0, 0, 0);
    cairo_set_line_width(p->cairo, thickness * MM);
    cairo_move_to(p->cairo, x1 * MM, y1 * MM);
    cairo_line_to(p->cairo, x2 * MM, y2 * MM);
    cairo_stroke(p->cairo);
}

void print_frame(struct print *p, double x, double y, double width, double height, double thickness)
{
    cairo_set_source_rgb(p->cairo, 0, 0, 0);
    cairo_set_line_width(p->cairo, thickness * MM);
    cairo_rectangle(p->cairo, x * MM, y * MM, width * MM, height * MM);
    cairo_stroke(p->cairo);
}

enum err print_qr(struct print *p, double x, double y, double side, const char *text,
                  struct err_info *e)
{
    QRcode *qr = strlen(text) <= QR_TEXT_MAX ? QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M)
                                             : NULL;
    if (!qr) {
        err_set(e, ERR_TOO_LARGE, NULL, "%zu bytes in a QR code", strlen(text));
        err_arg(e, "limit", "%d", QR_TEXT_MAX);
        return ERR_TOO_LARGE;
    }
    double unit = side * MM / (qr->width + 2 * QR_QUIET);
    cairo_set_source_rgb(p->cairo, 0, 0, 0);
    for (int row = 0; row < qr->width; row++)
        for (int col = 0; col < qr->width; col++)
            if (qr->data[row * qr->width + col] & 1)
                cairo_rectangle(p->cairo, x * MM + (col + QR_QUIET) * unit,
                                y * MM + (row + QR_QUIET) * unit, unit, unit);
    cairo_fill(p->cairo);
    QRcode_free(qr);
    return ERR_OK;
}

void print_next_page(struct print *p)
{
    cairo_show_page(p->cairo);
}

enum err print_finish(struct print *p, struct arena *a, struct bytes *pdf, struct err_info *e)
{
    cairo_surface_finish(p->surface);
    if (cairo_surface_status(p->surface) != CAIRO_STATUS_SUCCESS ||
        cairo_status(p->cairo) != CAIRO_STATUS_SUCCESS)
        return err_set(e, ERR_INTERNAL, NULL, "PDF: %s",
                       cairo_status_to_string(cairo_surface_status(p->surface)));
    *pdf = arena_bytes(a, p->out.p, p->out.n);
    return ERR_OK;
}

#ifdef __SANITIZE_ADDRESS__
/* fontconfig, and pango and cairo on top of it, keep the fonts that were used until the process ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig.so\nleak:libpango-1.0.so\nleak:libpangocairo-1.0.so\nleak:libpangoft2-1.0.so\nleak:libcairo.so\n";
}
#endif
