/* What of the environment becomes an option, and of which store. */
#include <stdlib.h>

#include "common/test.h"
#include "storage/internal.h"

static const char *value_of(const wi_store_options *options, const char *key) {
  for (size_t i = 0; i < options->n; i++) {
    if (strcmp(options->items[i].key, key) == 0) {
      return options->items[i].value;
    }
  }
  return "(none)";
}

static void environment(void) {
  setenv("AWS_ACCESS_KEY_ID", "envid", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "envsecret", 1);
  setenv("AWS_SESSION_TOKEN", "envtoken", 1);
  setenv("AWS_REGION", "envregion", 1);
  setenv("AWS_ENDPOINT_URL", "http://env", 1);
  setenv("GOOGLE_SERVICE_ACCOUNT", "/env/google", 1);
  setenv("AZURE_STORAGE_ACCOUNT_NAME", "envazure", 1);
  unsetenv("AWS_S3_LOCKING_PROVIDER");
}

WT_TEST(the_environment_fills_what_is_not_given) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_options options;
  environment();
  wi_br_pair given[] = {{"AWS_REGION", "mine"}};
  WT_OK(wi_store_options_read("s3://b/t", given, 1, &options, &err));
  WT_EQ_STR(value_of(&options, "aws_region"), "mine");
  WT_EQ_STR(value_of(&options, "aws_access_key_id"), "envid");
  WT_EQ_STR(value_of(&options, "aws_secret_access_key"), "envsecret");
  WT_EQ_STR(value_of(&options, "aws_endpoint_url"), "http://env");
  WT_EQ_STR(value_of(&options, "google_service_account"), "(none)");
  for (size_t i = 1; i < options.n; i++) {
    WT_CHECK(strcmp(options.items[i - 1].key, options.items[i].key) < 0);
  }
  wi_store_options_release(&options);
}

WT_TEST(credentials_are_not_mixed_from_two_places) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_options options;
  environment();
  wi_br_pair given[] = {{"aws_access_key_id", "mine"}, {"aws_secret_access_key", "s"}};
  WT_OK(wi_store_options_read("s3://b/t", given, 2, &options, &err));
  WT_EQ_STR(value_of(&options, "aws_access_key_id"), "mine");
  WT_EQ_STR(value_of(&options, "aws_session_token"), "(none)");
  wi_store_options_release(&options);
}

WT_TEST(a_given_name_of_the_same_thing_wins) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_options options;
  environment();
  wi_br_pair given[] = {{"endpoint", "http://mine"}, {"region", "mine"}};
  WT_OK(wi_store_options_read("s3://b/t", given, 2, &options, &err));
  WT_EQ_STR(value_of(&options, "aws_endpoint_url"), "(none)");
  WT_EQ_STR(value_of(&options, "aws_region"), "(none)");
  wi_store_options_release(&options);
}

WT_TEST(each_scheme_has_its_own_variables) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_options options;
  environment();
  WT_OK(wi_store_options_read("gs://b/t", NULL, 0, &options, &err));
  WT_EQ_INT(options.n, 1);
  WT_EQ_STR(value_of(&options, "google_service_account"), "/env/google");
  wi_store_options_release(&options);
  WT_OK(wi_store_options_read("az://b/t", NULL, 0, &options, &err));
  WT_EQ_STR(value_of(&options, "azure_storage_account_name"), "envazure");
  WT_EQ_INT(options.n, 1);
  wi_store_options_release(&options);
  WT_OK(wi_store_options_read("file:///t", NULL, 0, &options, &err));
  WT_EQ_INT(options.n, 0);
  wi_store_options_release(&options);
}

WT_TEST(an_unsafe_environment_is_refused_where_it_matters) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_options options;
  environment();
  setenv("AWS_S3_LOCKING_PROVIDER", "dynamodb", 1);
  weir_status remote = wi_store_options_read("s3://b/t", NULL, 0, &options, &err);
  bool named = strstr(err.message, "AWS_S3_LOCKING_PROVIDER") != NULL;
  weir_error_release(&err);
  wi_store_options_release(&options);
  weir_status local = wi_store_options_read("file:///t", NULL, 0, &options, &err);
  wi_store_options_release(&options);
  unsetenv("AWS_S3_LOCKING_PROVIDER");
  WT_EQ_INT(remote, WEIR_E_STORE_UNSAFE);
  WT_CHECK(named);
  WT_EQ_INT(local, WEIR_OK);
}
