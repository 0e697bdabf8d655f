/* A shared library that is no plug-in. */
int weir_test_answer(void);
int weir_test_answer(void) {
  return 42;
}
