/* Mail and SMS as outbox rows, and the two kinds that deliver them.
 *
 * Texts come from the profile with placeholders {name}. A missing value is an error, not an empty place. */
#ifndef CERTHALL_HALL_MESSAGE_H
#define CERTHALL_HALL_MESSAGE_H

#include "hall/outbox/outbox.h"

struct message_value {
    const char *name, *value;
};
/* Fill {name}; {{ is a brace. ERR_CONFIG where a placeholder has no value. */
NODISCARD enum err message_fill(struct arena *a, const char *text,
                                const struct message_value *values, size_t n, const char **out,
                                struct err_info *e);

struct message_attachment {
    const char *name; /* "发票.pdf" */
    const char *type; /* media type */
    struct bytes data;
};
struct message_mail {
    int64_t order;
    const char *idem;
    const char *to;
    const char *subject, *text; /* filled already */
    const struct message_attachment *attachments;
    size_t attachments_n; /* together at most 4 MiB */
};
struct message_sms {
    int64_t order;
    const char *idem;
    const char *to; /* 11 digits */
    const char *text;
    int64_t
        not_after; /* machine time: later it is not sent any more (one-time codes); 0: no limit */
};
NODISCARD enum err message_put_mail(struct hall_tx *tx, const struct message_mail *m,
                                    struct err_info *e);
NODISCARD enum err message_put_sms(struct hall_tx *tx, const struct message_sms *m,
                                   struct err_info *e);

/* Who sends an SMS. One file each. */
struct sms_provider {
    const char *name;
    enum err (*send)(void *arg, const char *to, const char *text, const char *idem,
                     struct err_info *e);
    void *arg;
};
/* The file-writing default: one JSON file a message, 0600, in `folder`. */
struct sms_files;
NODISCARD enum err sms_files_new(const char *folder, const struct clock *clock,
                                 struct sms_files **out, struct err_info *e);
void sms_files_free(struct sms_files *s);
DEFINE_AUTO(sms_files)
struct sms_provider sms_files_provider(struct sms_files *s);

struct message_settings {
    /* "" : mail is written to `folder` as files, like SMS; in a demo also what is sent */
    const char *smtp_url;
    const char *smtp_user, *smtp_password; /* "" : none */
    const char *smtp_ca;                   /* PEM file; "" : the system's */
    int smtp_plain;                        /* smtp:// without TLS, also to another machine */
    const char *from;                      /* address */
    const char *from_name;                 /* "证书大厅" */
    const char *folder;                    /* <data>/demo/outbox or the hall's own outbox folder */
    struct sms_provider sms;
};
enum { MESSAGE_KINDS = 2 };
/* The rows "mail" and "sms" for outbox_start. The settings outlive the outbox. */
void message_kinds(const struct message_settings *s, struct outbox_kind out[MESSAGE_KINDS]);

/* Must a connection to smtp:// become TLS before anything is said? Not on this machine (127.0.0.0/8, ::1, localhost), and
 * not where `plain` allows it; smtps:// is TLS from the first octet. */
int message_needs_starttls(const char *smtp_url, int plain);

/* One message as a file of a folder; a repeat of the same `idem` replaces it. */
struct message_file {
    const char *kind, *idem, *to, *subject, *text;
    int64_t at; /* business time */
};
NODISCARD enum err message_file_write(const char *folder, const struct message_file *f,
                                      struct err_info *e);

/* What the console shows as the demo's outbox: files of the folder, newest first. */
struct message_sent {
    const char *id, *kind, *to, *subject, *text;
    int64_t at;
};
NODISCARD enum err message_sent_list(struct arena *a, const char *folder, int limit,
                                     const struct message_sent **out, size_t *n,
                                     struct err_info *e);

#endif
