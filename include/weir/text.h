/**
 * \file weir/text.h
 * Values as people write them: parameters, times, sizes. The command reads its line with these.
 *
 * No engine is needed. Threads: any.
 *
 *     static const char *const given[] = {"least=3", "part:string=a"};
 *     static const char sql[] = "SELECT id FROM orders WHERE id > $least OR part = $part";
 *     weir_parameter *parameters = NULL;
 *     weir_query *query = NULL;
 *     weir_parameters_parse(given, 2, &parameters, &err);
 *     weir_query_open(session, sql, parameters, 2, &query, &err);
 *     weir_parameters_free(&parameters);
 */
#ifndef WEIR_TEXT_H
#define WEIR_TEXT_H

#include "weir/query.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Parameters of a query: NAME=VALUE (a boolean if it reads true or false, an int64 or a float64
 * if it reads as a number, else a string), NAME:TYPE=VALUE, NAME:null.
 * Ownership: the caller frees *out, an array of n, with weir_parameters_free.
 * Errors: WEIR_E_PARAM_TYPE.
 */
WEIR_API WEIR_MUST_USE weir_status weir_parameters_parse(const char *const *texts,
                                                         size_t n, weir_parameter **out,
                                                         weir_error *err);
WEIR_API void weir_parameters_free(weir_parameter **parameters);

/** RFC 3339 with an offset, as 2026-01-31T12:00:00Z, to Unix microseconds: WEIR_E_BAD_VALUE. */
WEIR_API WEIR_MUST_USE weir_status weir_timestamp_parse(const char *text, int64_t *us,
                                                        weir_error *err);

/** A size above zero, as 4096, 512MB or 1.5GiB, to bytes: WEIR_E_BAD_VALUE. */
WEIR_API WEIR_MUST_USE weir_status weir_size_parse(const char *text, uint64_t *bytes,
                                                   weir_error *err);

/** A whole number of seconds, minutes, hours, days or weeks, as 90s, 30m, 24h, 7d or 2w, to
 * microseconds: WEIR_E_BAD_VALUE. */
WEIR_API WEIR_MUST_USE weir_status weir_duration_parse(const char *text, int64_t *us,
                                                       weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
