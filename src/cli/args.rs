//! What can be asked for on the command line. The names are a contract with scripts and packagers.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::complete::instances;
use super::control::args::ControlCommand;
use super::generate::ReferenceFormat;
use super::hook::HookArgs;
use super::list::ListArgs;
use super::reference;
use super::wait::args::WaitArgs;
use crate::core::Fingerprint;

/// Watches Syncthing over HTTPS with pinned certificates, and stays calm while those change
///
/// syncwatch shows what Syncthing is doing. It talks to a server only after its certificate was checked against the
/// pinned one, follows a certificate that is renewed, and keeps short failures on the way to itself. Nothing has to
/// be set up for the Syncthing of this user on this computer.
#[derive(Debug, Parser)]
#[command(
    name = "syncwatch",
    version,
    propagate_version = true,
    after_long_help = reference::help(),
    after_help = "'syncwatch --help' adds examples, exit codes, files and environment variables.",
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    /// Without one: tray where there is a desktop session, else status
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The config file [default: SYNCWATCH_CONFIG, else config.toml in the user's config directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only this instance of the config
    #[arg(long, short = 'i', global = true, value_name = "NAME", add = instances())]
    pub instance: Option<String>,
    /// Colours: auto takes them on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// How the log on standard error is written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// What is logged, over -v and -q: a level, or a filter such as syncwatch=debug,hyper=info
    #[arg(
        long = "log",
        global = true,
        value_name = "FILTER",
        env = "SYNCWATCH_LOG",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub log: Option<String>,
    /// Log more; twice, three times: still more
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Log errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show an icon in the panel, with a menu of everything
    ///
    /// Watches by itself, unless a daemon is running already; then it shows what that one knows. Without a desktop
    /// session, or where no panel shows icons, it goes on as a daemon does. A second one asks the first to be seen.
    Tray,
    /// Watch in the foreground without a window, and answer the other commands
    ///
    /// Logs to standard error. Under systemd it tells when it is ready and feeds the watchdog. SIGHUP reads the
    /// config again, SIGTERM and SIGINT end it.
    Daemon,
    /// Show what is going on
    ///
    /// Asks the running engine; without one, looks for itself once. The exit code is that of the worst instance.
    Status(StatusArgs),
    /// Wait until everything is connected, idle, synced or safe
    ///
    /// Every server is asked again before this ends: what was known before does not count. What was just written into
    /// a folder Syncthing itself notices only some seconds later: after a copy say --rescan. Paused instances do not
    /// count. Exit code 0: reached; 1: there is nothing to wait for; 7: timed out.
    Wait(WaitArgs),
    /// List the files behind a figure
    ///
    /// One file a line, read from Syncthing page by page.
    List(ListArgs),
    /// Look at every step of the way to an instance, and say which one fails and what to do
    Check(CheckArgs),
    /// Show, accept or take back pinned certificates
    Trust(TrustArgs),
    /// Show what happened: rotations, failures that were kept quiet, alerts
    Journal(JournalArgs),
    /// Open the service's own page in the browser
    Open(OpenArgs),
    #[command(flatten)]
    Control(ControlCommand),
    /// Write, show or check the config file
    Config(ConfigArgs),
    /// Try a hook of the config
    Hook(HookArgs),
    /// Watch a made-up Syncthing that changes its certificate every few seconds
    Demo(DemoArgs),
    /// Make manual pages, shell completions and the JSON schema, for packagers
    Generate(GenerateArgs),
}

/// Arguments of `status`.
#[derive(Clone, Debug, Default, Args)]
pub struct StatusArgs {
    /// As JSON (see 'generate schema'); with --watch one object a line
    #[arg(long)]
    pub json: bool,
    /// Go on: on a terminal a view of everything that fills it, else one line for every change
    #[arg(long, short)]
    pub watch: bool,
    /// With --watch: one line for every change, also on a terminal
    #[arg(long, requires = "watch", conflicts_with = "json")]
    pub plain: bool,
    /// Every folder and device, also when many of them are up to date
    #[arg(long, short, conflicts_with = "json")]
    pub all: bool,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Default, Args)]
pub struct CheckArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `trust`.
#[derive(Clone, Debug, Args)]
pub struct TrustArgs {
    #[command(subcommand)]
    pub command: TrustCommand,
}

/// What to do with pins.
#[derive(Clone, Debug, Subcommand)]
pub enum TrustCommand {
    /// How every instance's certificate is judged, and what it is
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// The same of one instance, with whole fingerprints
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Pin the certificate that the server shows, after a look at it
    ///
    /// For instances with trust = { fingerprint = [...] }. Shows what the server serves and asks. Compare it with the
    /// fingerprint on the server itself: openssl x509 -noout -fingerprint -sha256 -in https-cert.pem
    Accept {
        /// Pin this one without asking: 64 hexadecimal digits, with or without 'sha256:' and colons
        #[arg(long, value_name = "SHA256")]
        fingerprint: Option<Fingerprint>,
    },
    /// Take back what was accepted
    Forget,
}

/// Arguments of `journal`.
#[derive(Clone, Debug, Args)]
pub struct JournalArgs {
    /// As JSON, one object a line
    #[arg(long)]
    pub json: bool,
    /// Go on and tell what happens next
    #[arg(long, short)]
    pub follow: bool,
    /// How many of the newest entries
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 100)]
    pub lines: usize,
}

/// Arguments of `open`.
#[derive(Clone, Debug, Args)]
pub struct OpenArgs {
    /// Say the address only
    #[arg(long, short)]
    pub print: bool,
}

/// Arguments of `config`.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with the config file.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a commented example, unless there is a config file already
    Init,
    /// Show the config in force, without secrets
    Show,
    /// Say what is wrong with the config file
    Check,
    /// Say where the config file is
    Path,
}

/// Arguments of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Time between two changes of the certificate
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "5s")]
    pub every: Duration,
    /// End after this many changes [default: never]
    #[arg(long, value_name = "NUMBER")]
    pub rotations: Option<u64>,
}

/// Arguments of `generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    #[command(subcommand)]
    pub command: GenerateCommand,
}

/// What to make.
#[derive(Clone, Debug, Subcommand)]
pub enum GenerateCommand {
    /// Manual pages: the main one to standard output, or all of them into a directory
    Man {
        /// Write syncwatch.1, a page for every command and syncwatch.toml.5 here
        #[arg(long, value_name = "DIRECTORY")]
        dir: Option<PathBuf>,
    },
    /// Completions for a shell, to standard output
    Completions { shell: clap_complete::Shell },
    /// The JSON Schema of 'status --json', to standard output
    Schema,
    /// Every key of the config with what it means, to standard output
    ConfigReference {
        /// A page in Markdown, or a JSON Schema for editors
        #[arg(long, value_enum, default_value_t)]
        format: ReferenceFormat,
    },
    /// The list of metrics, in Markdown, to standard output
    Metrics,
    /// The application's icon, SVG and PNG, into a directory of icon themes
    Icons {
        /// Write hicolor/SIZE/apps/syncwatch.png and its like here, such as /usr/share/icons
        #[arg(long, value_name = "DIRECTORY")]
        dir: PathBuf,
    },
}

/// `60s`, `1h30m`, `500ms`; a bare number is seconds.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let advice = || "write it like 500ms, 60s, 5m or 1h30m".to_owned();
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()));
    }
    let parsed: jiff::Span = text.parse().map_err(|_| advice())?;
    let day = jiff::SpanRelativeTo::days_are_24_hours();
    let parsed = parsed.to_duration(day).map_err(|_| advice())?;
    Duration::try_from(parsed).map_err(|_| advice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in [
            ("60s", 60_000),
            ("5", 5000),
            ("500ms", 500),
            ("1h30m", 5_400_000),
            ("2 min", 120_000),
            ("1d12h", 129_600_000),
            ("0s", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in ["", "-5s", "soon", "60 parsecs", "99999999999999999999s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn global_options_stand_anywhere() {
        for line in [
            ["syncwatch", "--instance", "nas", "status", "--json"],
            ["syncwatch", "status", "--instance", "nas", "--json"],
        ] {
            let cli = Cli::try_parse_from(line).expect("parses");
            assert_eq!(cli.global.instance.as_deref(), Some("nas"));
            assert!(matches!(
                cli.command,
                Some(Command::Status(StatusArgs { json: true, .. }))
            ));
        }
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        fn look(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let named = argument.is_positional() || argument.get_help().is_some();
                assert!(named, "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(look);
        }
        look(&Cli::command());
    }
}
