/* Canonical places and the escapes of paths. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/test.h"
#include "storage/storage.h"

static char canonical[8192];

static weir_status canon(const char *text, const char *base, weir_error *err) {
  wi_buf out = WI_BUF_INIT;
  weir_status status = wi_uri_canonical(text, base, &out, err);
  snprintf(canonical, sizeof canonical, "%s", wi_buf_text(&out));
  wi_buf_release(&out);
  return status;
}

WT_TEST(paths_and_uris_of_one_place_are_one_text) {
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(canon("/no/such/table", NULL, &err));
  WT_EQ_STR(canonical, "file:///no/such/table");
  WT_OK(canon("/no//such/./table/", NULL, &err));
  WT_EQ_STR(canonical, "file:///no/such/table");
  WT_OK(canon("file:///no/such/table/", NULL, &err));
  WT_EQ_STR(canonical, "file:///no/such/table");
  WT_OK(canon("such/table", "/no", &err));
  WT_EQ_STR(canonical, "file:///no/such/table");
  WT_OK(canon("S3://bucket//a//b/", NULL, &err));
  WT_EQ_STR(canonical, "s3://bucket/a/b");
  WT_OK(canon("/no/a b#c", NULL, &err));
  WT_EQ_STR(canonical, "file:///no/a%20b%23c");
  WT_OK(canon("file:///no/a%20b%23c", NULL, &err));
  WT_EQ_STR(canonical, "file:///no/a%20b%23c");
}

WT_TEST(relative_paths_go_to_the_working_folder) {
  weir_error err = WEIR_ERROR_INIT;
  char cwd[4096], want[4200];
  WT_CHECK(getcwd(cwd, sizeof cwd) != NULL);
  snprintf(want, sizeof want, "file://%s/zzz", cwd);
  WT_OK(canon("zzz", NULL, &err));
  WT_EQ_STR(canonical, want);
}

WT_TEST(symlinks_are_resolved) {
  weir_error err = WEIR_ERROR_INIT;
  char root[] = "/tmp/weir-uri-XXXXXX", real[64], link[64], want[80];
  WT_CHECK(mkdtemp(root) != NULL);
  snprintf(real, sizeof real, "%s/real", root);
  snprintf(link, sizeof link, "%s/link", root);
  snprintf(want, sizeof want, "file://%s/t", real);
  WT_CHECK(mkdir(real, 0777) == 0 && symlink(real, link) == 0);
  strcat(link, "/t");
  weir_status status = canon(link, NULL, &err);
  wi_dir_remove_all(root, NULL);
  WT_OK(status);
  WT_EQ_STR(canonical, want);
}

WT_TEST(what_is_no_place_is_refused_without_its_secret) {
  static const char *const bad[] = {"",
                                    "ftp://host/t",
                                    "s3://user:hunter2@bucket/t",
                                    "s3://bucket/t?key=hunter2",
                                    "s3:///t",
                                    "file://otherhost/t",
                                    "s3://bucket/a/../b"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    weir_status status = canon(bad[i], NULL, &err);
    bool leaked =
        strstr(err.message, "hunter2") != NULL || strstr(err.hint, "hunter2") != NULL;
    weir_error_release(&err);
    WT_EQ_INT(status, WEIR_E_BAD_VALUE);
    WT_CHECK(!leaked);
    WT_EQ_STR(canonical, "");
  }
}

WT_TEST(local_paths_come_back) {
  wi_buf path = WI_BUF_INIT;
  WT_CHECK(wi_uri_local_path("file:///a%20b/%C3%A4%25", &path));
  WT_EQ_STR(path.p, "/a b/\xC3\xA4%");
  WT_CHECK(!wi_uri_local_path("s3://bucket/a", &path));
  wi_buf_release(&path);
}

WT_TEST(paths_in_the_log_are_escaped_and_back) {
  wi_buf out = WI_BUF_INIT, back = WI_BUF_INIT;
  wi_uri_encode_path("p=a b/x%20:#?[]\xC3\xA4.parquet", &out);
  WT_EQ_STR(out.p, "p=a%20b/x%2520%3A%23%3F%5B%5D%C3%A4.parquet");
  wi_uri_decode_path(out.p, &back);
  WT_EQ_STR(back.p, "p=a b/x%20:#?[]\xC3\xA4.parquet");
  wi_buf_clear(&back);
  wi_uri_decode_path("100%/%zz%4", &back); /* no escapes: left as they are */
  WT_EQ_STR(back.p, "100%/%zz%4");
  wi_buf_clear(&out);
  wi_buf_clear(&back);
  char all[256];
  for (int i = 1; i < 256; i++) {
    all[i - 1] = (char)i;
  }
  all[255] = '\0';
  wi_uri_encode_path(all, &out);
  wi_uri_decode_path(out.p, &back);
  WT_EQ_STR(back.p, all);
  wi_buf_release(&out);
  wi_buf_release(&back);
}
