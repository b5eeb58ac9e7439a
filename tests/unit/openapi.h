/* docs/openapi.yaml as the measure of answers and routes: what a test gets is held against the schema of its operation. */
#ifndef CERTHALL_TESTS_OPENAPI_H
#define CERTHALL_TESTS_OPENAPI_H

#include "base/json.h"
#include "httpd/httpd.h"

/* Fails the test where the file cannot be read. */
json_t *openapi_load(const char *path);
/* The operation of a request such as "GET" "/console/orders/123"; NULL: none. */
const json_t *openapi_operation(const json_t *api, const char *method, const char *path);
/* 1 when `answer` is what the operation promises for this status: every required member, no other than those named, types,
 * enums, patterns, dates. A refusal (400 and above) that has no schema of its own is held against `default`. Otherwise `why` says where. An operation without JSON for the status fits nothing but NULL. */
int openapi_fits(const json_t *api, const json_t *operation, int status, const json_t *answer,
                 char *why, size_t size);
/* Each route below `prefix` ("/console") has its operation with x-max-body, and each operation its route; prints what is
 * missing and gives how many things are. `permission_fits` judges x-permission. */
typedef int openapi_permission_fn(const struct httpd_route *route, const json_t *x_permission);
int openapi_compare(const json_t *api, const char *prefix, const struct httpd_route *routes,
                    size_t n, openapi_permission_fn *permission_fits);

#endif
