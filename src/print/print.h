/* Pages on paper: PDF with text in Noto CJK, lines and QR codes; lengths in millimetres from the upper left corner.
 *
 * A page belongs to one thread. Text that does not fit its width is broken between words or Chinese characters. */
#ifndef CERTHALL_PRINT_PRINT_H
#define CERTHALL_PRINT_PRINT_H

#include "base/err.h"
#include "base/mem.h"

enum print_style {
    PRINT_BOLD = 1 << 0,
    PRINT_MONO = 1 << 1, /* digits and codes of one width */
    PRINT_RIGHT = 1 << 2,
    PRINT_CENTRE = 1 << 3,
    PRINT_GREY = 1 << 4,
    PRINT_ONE_LINE = 1 << 5, /* cut with an ellipsis instead of broken */
};

struct print;
/* `title` goes into the PDF's metadata. */
struct print *print_new(double width, double height, const char *title);
void print_free(struct print *p);
DEFINE_AUTO(print)

/* Write at (x, y) within `width`; `points` is the size of the letters. Returns the height used. */
double print_text(struct print *p, double x, double y, double width, double points, unsigned style,
                  const char *text);
/* The height that print_text would use. */
double print_height(struct print *p, double width, double points, unsigned style, const char *text);
void print_line(struct print *p, double x1, double y1, double x2, double y2, double thickness);
void print_frame(struct print *p, double x, double y, double width, double height,
                 double thickness);
/* A square QR code (ISO/IEC 18004, level M) with its quiet zone inside `side`. ERR_TOO_LARGE: more than 500 bytes. */
NODISCARD enum err print_qr(struct print *p, double x, double y, double side, const char *text,
                            struct err_info *e);
void print_next_page(struct print *p);
/* The whole document, in the arena. Nothing is drawn afterwards. */
NODISCARD enum err print_finish(struct print *p, struct arena *a, struct bytes *pdf,
                                struct err_info *e);

#endif
