//! What a process of ours has used, as Linux tells it.

/// Kernel clock ticks a second in /proc/PID/stat.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time, from /proc/PID/stat.
///
/// # Panics
/// When there is no such process.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("Linux");
    let after_name = stat.rsplit(") ").next().expect("a name in brackets");
    let field = |i: usize| {
        after_name
            .split(' ')
            .nth(i)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0.0)
    };
    // Fields 14 and 15 of the file; 3 is the first after the name.
    (field(11) + field(12)) / TICKS_PER_SECOND
}

/// Bytes in memory now; 0 when it has ended.
pub fn resident(pid: u32) -> u64 {
    told(pid, "VmRSS")
}

/// The most bytes that it ever had in memory; 0 when it has ended.
pub fn most_resident(pid: u32) -> u64 {
    told(pid, "VmHWM")
}

/// A line of /proc/PID/status.
fn told(pid: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let told = status.lines().find_map(|of| of.strip_prefix(line));
    let digits = told.map(|of| of.chars().filter(char::is_ascii_digit).collect::<String>());
    digits.and_then(|of| of.parse::<u64>().ok()).unwrap_or(0) * 1024
}
