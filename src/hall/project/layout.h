/* What a project says about the form of a business and about its price: plain data, read-only, shared by all
 * threads. The profile's reader fills it; `form` and `order` use it. */
#ifndef CERTHALL_HALL_PROJECT_LAYOUT_H
#define CERTHALL_HALL_PROJECT_LAYOUT_H

#include "base/err.h"
#include "hall/flow/flow.h"

/* In both languages; never NULL, "" where there is none. Index: enum lang. */
struct project_text {
    const char *in[2];
};

enum project_field_kind {
    FIELD_TEXT,
    FIELD_LONGTEXT,
    FIELD_MOBILE,
    FIELD_PHONE,
    FIELD_EMAIL,
    FIELD_POSTCODE,
    FIELD_USCC,
    FIELD_BANK_ACCOUNT,
    FIELD_CHOICE,
    FIELD_REGION,
    FIELD_FIXED, /* shown only */
    FIELD_KINDS
};
/* field.<name>.edit (C-07). BEFORE_PAYMENT: as long as the order takes changes at all. */
enum project_edit { EDIT_NEVER, EDIT_BEFORE_SUBMIT, EDIT_WHILE_PENDING, EDIT_WITH_VERIFICATION };

struct project_option {
    const char *value;
    struct project_text label, note;
};
struct project_field {
    const char *name; /* "mailing.postcode": section, dot, field */
    enum project_field_kind kind;
    struct project_text label, hint;
    int required;
    int min_length, max_length; /* characters; max 0: 200 */
    int from_regulator; /* its value comes with the registration and is kept as `original` */
    enum project_edit edit;
    const char
        *same_as; /* begins with the value of that field ("application.handler"); NULL: empty */
    const char *shown_if, *shown_value; /* only when that field has this value; NULL: always */
    struct project_text changed_note;   /* shown where the value differs from the original */
    struct project_text fixed_text;     /* why it cannot be changed and who can (S0-22) */
    const char *autocomplete;           /* HTML autocomplete token; NULL: none */
    const int *groups;                  /* a long number is shown in groups of these lengths */
    int groups_n;
    const struct project_option *option; /* of a choice */
    int options;
};
struct project_aside {
    struct project_text title, text;
};
struct project_question {
    struct project_text title, hint;
    const struct project_field *field;
    int fields;
    const struct project_aside *aside;
    int asides;
};
struct project_section {
    const char *id; /* "mailing" */
    struct project_text title, note;
    const struct project_question *question;
    int questions;
};
struct project_form {
    const struct project_section *section;
    int sections;
};

struct project;
/* The form of a business; no sections where it has none. */
const struct project_form *project_form(const struct project *p, enum flow_type type);

/* A row of the fee table. What decides it besides the business (requirements 6.3). */
struct project_fee_case {
    enum flow_type type;
    int days_since_receipt; /* of the UKey it replaces (S0-40); -1: not known, or none */
    int used_free;          /* free uses of this business that the user has had */
};
struct project_fee {
    const char *rule; /* id of the row: kept on the order */
    int64_t amount_fen;
    struct project_text title; /* 证书服务费 */
    struct project_text text;  /* the rule in words */
};
/* 1 when the table has a row (fee known). */
int project_fee_of(const struct project *p, const struct project_fee_case *c,
                   struct project_fee *out);
/* The row by its id, for an order that holds it; 0: no such row. */
int project_fee_rule(const struct project *p, const char *rule, struct project_fee *out);

#endif
