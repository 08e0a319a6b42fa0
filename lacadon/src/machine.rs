//! The machine that figures are of: they mean little without it.

/// Cores, how the programs were built, and how busy the machine was.
#[must_use]
pub fn machine() -> String {
    let built = if cfg!(debug_assertions) { "unoptimized" } else { "optimized" };
    match load_averages() {
        None => format!("{} cores, {built} programs", cores()),
        Some(busy) => {
            format!("{} cores, {built} programs, load averages at the end {busy}", cores())
        }
    }
}

/// How many cores there are; 0 if nobody says.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

/// How busy it was over one, five and fifteen minutes; `None` where nobody says.
#[must_use]
pub fn load_averages() -> Option<String> {
    let said = std::fs::read_to_string("/proc/loadavg").ok()?;
    Some(said.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}
