//! Does one step and says so: for the test that sees what a build for release does at an armed point.
#![expect(clippy::print_stdout, reason = "what it says is what it is there for")]

fn main() {
    let step = &crash_points::VOUCHER_API_ISSUE_VOUCHER;
    step.before();
    let heard = step.after(|| "told that it failed").map(|()| "done");
    println!("{}", heard.unwrap_or_else(|failed| failed));
}
