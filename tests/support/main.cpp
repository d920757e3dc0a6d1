// The main function of every test program. It prints the line that tools/count.py adds up, and fails
// where doctest would look green: when no case matched a filter, and when a case asserted nothing.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

namespace {

unsigned cases_run = 0;
unsigned empty_cases = 0;
const char* current_case = "";

struct Counter : doctest::IReporter {
  explicit Counter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& stats) override {
    cases_run = stats.numTestCasesPassingFilters;
    const unsigned failed = stats.numTestCasesFailed + empty_cases;
    std::printf("kelp-cases: %u passed, %u failed\n", cases_run - failed, failed);
    std::fflush(stdout);  // a crash is reported from a signal handler
  }
  void test_case_start(const doctest::TestCaseData& test) override { current_case = test.m_name; }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (stats.failure_flags != 0 || stats.numAssertsCurrentTest > 0) return;
    std::fprintf(stderr, "this case asserted nothing: %s\n", current_case);
    ++empty_cases;
  }
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("kelp_counter", 1, Counter);

}  // namespace

#ifdef KELP_TEST_PRECONDITION
/// Before the first case: an exit code, or 0 to go on.
int before_tests();
#else
static int before_tests() { return 0; }
#endif

int main(int argc, char** argv) {
  if (const int code = before_tests(); code != 0) return code;
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (context.shouldExit()) return result;
  if (cases_run == 0) {
    std::fprintf(stderr, "no test case ran\n");
    return 1;
  }
  return empty_cases == 0 ? result : 1;
}
