#include "openapi.h"

#include "base/time.h"
#include "testing.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

/* ---- YAML to JSON ---- */

static json_t *scalar(const yaml_node_t *n)
{
    const char *text = (const char *)n->data.scalar.value;
    char *end;
    if (n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return json_string(text);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(*text == 't');
    long long number = strtoll(text, &end, 10);
    return *text && !*end ? json_integer(number) : json_string(text);
}

static json_t *convert(yaml_document_t *d, int id)
{
    yaml_node_t *n = yaml_document_get_node(d, id);
    json_t *out;
    if (n->type == YAML_SCALAR_NODE)
        return scalar(n);
    if (n->type == YAML_SEQUENCE_NODE) {
        out = json_array();
        for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
             i++)
            json_array_append_new(out, convert(d, *i));
        return out;
    }
    out = json_object();
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++)
        json_object_set_new(out, (const char *)yaml_document_get_node(d, p->key)->data.scalar.value,
                            convert(d, p->value));
    return out;
}

json_t *openapi_load(const char *path)
{
    yaml_parser_t parser;
    yaml_document_t document;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(yaml_parser_initialize(&parser));
    yaml_parser_set_input_file(&parser, file);
    assert_true(yaml_parser_load(&parser, &document));
    json_t *api = convert(&document, 1);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    fclose(file);
    return api;
}

/* ---- finding things ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static const json_t *resolve(const json_t *api, const json_t *schema)
{
    const char *ref = text_of(schema, "$ref");
    char copy[200], *rest = copy, *part;
    const json_t *at = api;
    if (!*ref)
        return schema;
    snprintf(copy, sizeof copy, "%s", ref + 2);
    while ((part = strsep(&rest, "/")) != NULL)
        at = json_object_get(at, part);
    assert_non_null(at);
    return resolve(api, at);
}

static int path_fits(const char *template, const char *path)
{
    while (*template && *path) {
        if (*template == '{' || *template == ':') {
            template += strcspn(template, "/");
            path += strcspn(path, "/");
        } else if (*template ++ != *path++)
            return 0;
    }
    return !*template && !*path;
}

/* A path without a parameter goes before one with it. */
const json_t *openapi_operation(const json_t *api, const char *method, const char *path)
{
    const json_t *paths = json_object_get(api, "paths"), *found = json_object_get(paths, path);
    const char *template;
    json_t *item;
    char lower[8] = "";
    for (size_t i = 0; method[i] && i < sizeof lower - 1; i++)
        lower[i] = (char)(method[i] | 0x20);
    json_object_foreach ((json_t *)(uintptr_t)paths, template, item)
        if (!found && path_fits(template, path) && json_object_get(item, lower))
            found = item;
    return json_object_get(found, lower);
}

/* ---- one value ---- */

struct check {
    const json_t *api;
    char *why;
    size_t size;
};

static int wrong(struct check *c, const char *at, const char *what)
{
    snprintf(c->why, c->size, "%s: %s", *at ? at : "answer", what);
    return 0;
}

static int matches(const char *text, const char *pattern)
{
    regex_t re;
    assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int fits = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return fits;
}

static int check_text(struct check *c, const json_t *schema, const json_t *v, const char *at)
{
    const char *text = json_string_value(v), *format = text_of(schema, "format");
    int32_t day;
    int64_t time;
    if (*text_of(schema, "pattern") && !matches(text, text_of(schema, "pattern")))
        return wrong(c, at, "does not match its pattern");
    if (strcmp(format, "date") == 0 && !time_parse_date(text, &day))
        return wrong(c, at, "is no date");
    if (strcmp(format, "date-time") == 0 && !time_parse_rfc3339(text, &time))
        return wrong(c, at, "is no time");
    return 1;
}

static int check_enum(struct check *c, const json_t *schema, const json_t *v, const char *at)
{
    const json_t *list = json_object_get(schema, "enum"), *one;
    size_t i;
    if (!list)
        return 1;
    json_array_foreach ((json_t *)(uintptr_t)list, i, one)
        if (json_equal(one, v))
            return 1;
    return wrong(c, at, "is not one of the values named");
}

static int is_a(const char *type, const json_t *v)
{
    return !*type || (strcmp(type, "string") == 0 && json_is_string(v)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(v)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(v)) ||
           (strcmp(type, "array") == 0 && json_is_array(v)) ||
           (strcmp(type, "object") == 0 && json_is_object(v));
}

static int check_value(struct check *c, const json_t *schema, const json_t *v, const char *at);

/* The schema of a member, in the object's own or in one of those it is made of. */
static const json_t *property(struct check *c, const json_t *schema, const char *name)
{
    const json_t *part, *found = json_object_get(json_object_get(schema, "properties"), name);
    size_t i;
    json_array_foreach (json_object_get(schema, "allOf"), i, part)
        if (!found)
            found = property(c, resolve(c->api, part), name);
    if (!found && json_is_object(json_object_get(schema, "additionalProperties")))
        found = json_object_get(schema, "additionalProperties");
    return found;
}

static int check_required(struct check *c, const json_t *schema, const json_t *v, const char *at)
{
    const json_t *one;
    size_t i;
    char what[120];
    json_array_foreach (json_object_get(schema, "required"), i, one)
        if (!json_object_get(v, json_string_value(one))) {
            snprintf(what, sizeof what, "%s is missing", json_string_value(one));
            return wrong(c, at, what);
        }
    json_array_foreach (json_object_get(schema, "allOf"), i, one)
        if (!check_required(c, resolve(c->api, one), v, at))
            return 0;
    return 1;
}

static int check_object(struct check *c, const json_t *schema, const json_t *v, const char *at)
{
    const char *name;
    json_t *member;
    if (!check_required(c, schema, v, at))
        return 0;
    if (!json_object_get(schema, "properties") && !json_object_get(schema, "allOf") &&
        !json_is_object(json_object_get(schema, "additionalProperties")))
        return 1;
    json_object_foreach ((json_t *)(uintptr_t)v, name, member) {
        char below[300];
        const json_t *of = property(c, schema, name);
        snprintf(below, sizeof below, "%s%s%s", at, *at ? "." : "", name);
        if (!of)
            return wrong(c, below, "is not in the schema");
        if (!check_value(c, of, member, below))
            return 0;
    }
    return 1;
}

static int check_array(struct check *c, const json_t *schema, const json_t *v, const char *at)
{
    const json_t *item;
    size_t i;
    json_array_foreach ((json_t *)(uintptr_t)v, i, item) {
        char below[300];
        snprintf(below, sizeof below, "%s.%zu", at, i);
        if (!check_value(c, json_object_get(schema, "items"), item, below))
            return 0;
    }
    return 1;
}

static int check_value(struct check *c, const json_t *given, const json_t *v, const char *at)
{
    const json_t *schema = resolve(c->api, given);
    if (!is_a(text_of(schema, "type"), v))
        return wrong(c, at, "has another type");
    if (!check_enum(c, schema, v, at))
        return 0;
    if (json_is_string(v))
        return check_text(c, schema, v, at);
    if (json_is_array(v))
        return check_array(c, schema, v, at);
    return json_is_object(v) ? check_object(c, schema, v, at) : 1;
}

int openapi_fits(const json_t *api, const json_t *operation, int status, const json_t *answer,
                 char *why, size_t size)
{
    struct check c = {api, why, size};
    char code[8];
    snprintf(code, sizeof code, "%d", status);
    const json_t *responses = json_object_get(operation, "responses");
    const json_t *response = json_object_get(responses, code);
    if (!response && status >= 400)
        response = json_object_get(responses, "default");
    if (!response)
        return wrong(&c, code, "this status is not promised");
    const json_t *content = json_object_get(resolve(api, response), "content");
    const json_t *schema = json_object_get(json_object_get(content, "application/json"), "schema");
    if (!schema || !answer)
        return schema || answer ? wrong(&c, code, "JSON where none is promised, or none") : 1;
    return check_value(&c, schema, answer, "");
}

/* ---- routes ---- */

static int compare_route(const json_t *api, const char *prefix, const struct httpd_route *r,
                         openapi_permission_fn *permission_fits)
{
    const char *path = r->path + strlen("/api/v1");
    const json_t *op = openapi_operation(api, r->method, path);
    if (strncmp(path, prefix, strlen(prefix)) != 0)
        return 0;
    if (!op) {
        print_error("%s %s is not in docs/openapi.yaml\n", r->method, r->path);
        return 1;
    }
    int body = json_integer_value(json_object_get(op, "x-max-body")) != (json_int_t)r->max_body;
    int permission = !permission_fits(r, json_object_get(op, "x-permission"));
    if (body)
        print_error("%s %s: x-max-body is not %zu\n", r->method, r->path, r->max_body);
    if (permission)
        print_error("%s %s: x-permission is another one\n", r->method, r->path);
    return body + permission;
}

static int has_route(const char *method, const char *path, const struct httpd_route *routes,
                     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *at = routes[i].path + strlen("/api/v1");
        size_t k = 0;
        while (at[k] == path[k] && at[k])
            k++;
        if (strcasecmp(routes[i].method, method) == 0 &&
            (path_fits(at, path) || (!at[k] && !path[k])))
            return 1;
    }
    return 0;
}

int openapi_compare(const json_t *api, const char *prefix, const struct httpd_route *routes,
                    size_t n, openapi_permission_fn *permission_fits)
{
    const char *path, *method;
    json_t *item, *operation;
    int missing = 0;
    for (size_t i = 0; i < n; i++)
        missing += compare_route(api, prefix, &routes[i], permission_fits);
    json_object_foreach (json_object_get(api, "paths"), path, item) {
        if (strncmp(path, prefix, strlen(prefix)) != 0)
            continue;
        json_object_foreach (item, method, operation)
            if (strcmp(method, "parameters") != 0 && !has_route(method, path, routes, n)) {
                print_error("%s %s has no route\n", method, path);
                missing++;
            }
    }
    return missing;
}
