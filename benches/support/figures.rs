//! What a process costs, as /proc tells it. Linux only.

/// What /proc says of a process.
pub struct Figures {
    /// All of it, and what is no page of a file.
    pub resident_kib: f64,
    pub anonymous_kib: f64,
    pub threads: u32,
    /// Seconds.
    pub cpu: f64,
    pub switches: f64,
}

impl Figures {
    pub fn of(pid: u32) -> Self {
        let status =
            std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon runs");
        let mut switches = 0.0;
        let mut cpu = 0.0;
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).expect("tasks") {
            let task = task.expect("a task").path();
            let text = std::fs::read_to_string(task.join("status")).unwrap_or_default();
            switches += field(&text, "voluntary_ctxt_switches")
                + field(&text, "nonvoluntary_ctxt_switches");
            // The first figure is the time on a processor, nanoseconds.
            let times = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            let first = times.split_whitespace().next().unwrap_or("0");
            cpu += first.parse::<f64>().unwrap_or(0.0) / 1e9;
        }
        Self {
            resident_kib: field(&status, "VmRSS"),
            anonymous_kib: field(&status, "RssAnon"),
            threads: field(&status, "Threads") as u32,
            cpu,
            switches,
        }
    }
}

/// Prints what a process cost from `before` to `after`, `seconds` later.
pub fn print(before: &Figures, after: &Figures, seconds: f64) {
    let (memory, own) = (after.resident_kib / 1024.0, after.anonymous_kib / 1024.0);
    let busy = (after.cpu - before.cpu) / seconds;
    let switches = (after.switches - before.switches) / seconds;
    println!("  resident memory       {memory:>8.1} MB");
    println!("  ... no page of a file {own:>8.1} MB");
    println!("  threads               {:>8}", after.threads);
    let (hourly, share) = (busy * 3600.0, busy * 100.0);
    println!("  CPU                   {hourly:>8.3} s an hour, {share:.2} % of a core");
    println!("  context switches      {switches:>8.2} a second");
}

fn field(text: &str, name: &str) -> f64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0)
}
