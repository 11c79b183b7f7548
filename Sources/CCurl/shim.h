#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

// The macros that check types would hide the functions below from Swift.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// curl_easy_setopt(3) and curl_easy_getinfo(3) without C varargs.

static inline CURLcode ccurl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*ccurl_bytes_function)(char *bytes, size_t size, size_t count, void *context);
typedef int (*ccurl_seek_function)(void *context, curl_off_t offset, int origin);
typedef int (*ccurl_progress_function)(
    void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent);
typedef int (*ccurl_prereq_function)(
    void *context, char *address, char *own_address, int port, int own_port);

static inline CURLcode ccurl_set_bytes_function(
    CURL *handle, CURLoption option, ccurl_bytes_function value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_seek_function(CURL *handle, ccurl_seek_function value) {
    return curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, value);
}

static inline CURLcode ccurl_set_progress_function(CURL *handle, ccurl_progress_function value) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, value);
}

static inline CURLcode ccurl_set_prereq_function(CURL *handle, ccurl_prereq_function value) {
    return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, value);
}

#endif
