//! The stories of the design, one table each.

use syncwatch::core::{Remembered, TrustMode};

use crate::shell::Shell;
use crate::story::tell;
use crate::world::{World, pin};

fn local() -> Shell {
    Shell::new(World::new(TrustMode::File), None, None)
}

/// A remote server, pinned by fingerprint A in the config.
fn remote() -> Shell {
    let mut world = World::new(TrustMode::Fingerprint);
    world.configured = vec![pin('A')];
    world.local = false;
    world.url = "https://nas.lan:8384".into();
    Shell::new(world, None, None)
}

// ---- rotations, each quiet ----

#[test]
fn a_restart_with_a_new_certificate() {
    tell(
        local(),
        "
        100ms  |                       | connected, current A, served A, service, alerts -
        10s    | fails refused         | connected
        10.1s  |                       | reconnecting, service, class refused
        12s    | file B                | rotating, service, pending B, current A
        12.001s| serves B              | rotating
        12.1s  |                       | connected, current B, served B, pending -, rotations 1, recovered <20
        60s    |                       | connected, alerts -, rotated at 12003ms
        ",
    );
}

#[test]
fn a_new_certificate_within_milliseconds() {
    tell(
        local(),
        "
        1s     | quietly file B, serves B | connected
        1.1s   |                          | connected, current B, rotations 1, alerts -, attempts <5
        ",
    );
}

#[test]
fn a_file_that_is_newer_than_the_server_is_healthy() {
    tell(
        local(),
        "
        1s     | file B       | connected, restart-pending, pending B, current A
        10m    |              | connected, restart-pending, rotations 0, alerts -
        10m    | serves B     |
        601s   |              | connected, current B, pending -, rotations 1, alerts -
        ",
    );
}

#[test]
fn a_second_change_replaces_the_first() {
    tell(
        local(),
        "
        1s     | file B       | connected, pending B, current A
        2s     | file C       | connected, pending C, current A
        3s     | serves B     |
        14s    |              | untrusted, served B, pending C, current A, alerts untrusted
        15s    | serves C     |
        60s    |              | connected, current C, rotations 1, alerts untrusted connected
        ",
    );
}

#[test]
fn a_file_that_goes_back() {
    tell(
        local(),
        "
        1s     | file B       | connected, restart-pending
        2s     | file A       | connected, pending -, current A, rotations 0
        3s     | serves B     |
        20s    |              | untrusted, served B, current A
        ",
    );
}

#[test]
fn a_retired_certificate_is_a_stranger() {
    tell(
        local(),
        "
        1s     | file B, serves B |
        2s     |                  | connected, current B, rotations 1
        3s     | serves A         |
        12s    |                  | rotating, served A, alerts -
        14s    |                  | untrusted, current B, alerts untrusted
        15s    | replays B        |
        60s    |                  | untrusted, class bad-signature, alerts untrusted, rotations 1
        ",
    );
}

#[test]
fn a_torn_file_drops_nothing() {
    for broken in ["torn", "missing", "unreadable"] {
        tell(
            local(),
            &format!(
                "
                1s     | file {broken} | connected, current A, pending -
                2s     | serves A      |
                3s     |               | connected, alerts -
                4s     | file B        | connected, restart-pending
                5s     | file {broken} | connected, pending B, current A
                6s     | serves B      |
                7s     |               | connected, current B, rotations 1, alerts -
                "
            ),
        );
    }
}

#[test]
fn an_opened_file_tells_that_the_server_is_about_to_listen() {
    tell(
        local(),
        "
        6s      | fails refused    |
        22s     |                  | disconnected
        23s     | opened, serves A | disconnected
        23.01s  |                  | connected, recovered <15, alerts disconnected connected
        ",
    );
}

#[test]
fn a_restart_that_was_announced_may_take_a_minute() {
    tell(
        local(),
        "
        1s     | announced, fails refused |
        60s    |                          | reconnecting, alerts -
        61.1s  |                          | disconnected, alerts disconnected
        ",
    );
    tell(
        local(),
        "
        1s     | announced, serves M      |
        12s    |                          | untrusted, alerts untrusted
        ",
    );
}

#[test]
fn what_the_user_shut_down_is_missed_by_nobody_until_it_is_wanted_back() {
    tell(
        local(),
        "
        6s     | shut-down, fails refused | connected, expected shutdown
        90s    |                          | reconnecting, alerts -, expected shutdown, overall paused
        9000s  |                          | reconnecting, alerts -, overall paused
        9001s  | user                     |
        9010s  |                          | reconnecting, alerts -, expected -
        9017s  |                          | disconnected, alerts disconnected
        ",
    );
    // It is back, and what happens then is another story.
    tell(
        local(),
        "
        6s     | shut-down, fails refused |
        90s    | serves A, user           |
        120s   |                          | connected, alerts -, expected -
        121s   | fails refused            |
        138s   |                          | disconnected, alerts disconnected
        ",
    );
    // Away is one thing, another one in its place is another.
    tell(
        local(),
        "
        6s     | shut-down, fails refused |
        90s    | serves M                 |
        150s   |                          | untrusted, alerts untrusted
        ",
    );
    // It did not do what it agreed to.
    tell(
        local(),
        "
        6s     | shut-down                |
        67s    |                          | connected, expected -
        68s    | fails refused            |
        85s    |                          | disconnected, alerts disconnected
        ",
    );
}

#[test]
fn an_upgrade_has_its_minute_from_when_it_begins() {
    tell(
        local(),
        "
        1s     | upgrades in 60s          | connected, expected upgrade
        62s    | fails refused            |
        119s   |                          | reconnecting, alerts -, expected upgrade
        122s   |                          | disconnected, alerts disconnected, expected -
        ",
    );
    tell(
        local(),
        "
        1s     | upgrades in 60s          |
        62s    | fails refused            |
        65s    | serves A                 |
        80s    |                          | connected, expected -, alerts -
        ",
    );
}

#[test]
fn a_database_that_is_upgraded_is_an_absence_and_not_without_end() {
    tell(
        local(),
        "
        6s     | migrates, fails not-tls  |
        10s    |                          | reconnecting, class upgrading-database, expected database, alerts -
        300s   | fails refused            |
        310s   |                          | reconnecting, class upgrading-database, alerts -
        320s   | serves A                 |
        360s   |                          | connected, expected -, alerts -
        ",
    );
    tell(
        local(),
        "
        6s     | migrates, fails not-tls  |
        590s   |                          | reconnecting, alerts -
        610s   |                          | disconnected, class upgrading-database, alerts disconnected
        ",
    );
    // Nothing says that it is one.
    tell(
        local(),
        "
        6s     | fails not-tls            |
        12s    |                          | misconfigured, alerts misconfigured, class not-tls
        ",
    );
}

// ---- across runs ----

fn started_anew(remembered: char) -> Shell {
    let remembered = Remembered {
        pin: pin(remembered),
        path: Some("https-cert.pem".into()),
        command: None,
    };
    Shell::new(World::new(TrustMode::File), Some(remembered), None)
}

#[test]
fn what_was_verified_in_an_earlier_run_still_counts() {
    tell(
        started_anew('Z'),
        "
        0ms    | serves Z  | starting
        100ms  |           | connected, current Z, pending A, restart-pending
        1s     | serves A  |
        2s     |           | connected, current A, rotations 1, alerts -
        ",
    );
    tell(
        started_anew('A'),
        "
        0ms    | file missing | starting
        100ms  |              | connected, current A, rotations 0
        ",
    );
}

#[test]
fn the_first_certificate_is_waited_for() {
    tell(
        local(),
        "
        0ms    | file missing, fails refused | starting
        14s    |                             | starting, class no-pin, alerts -
        14.5s  | file A, serves A            | starting
        14.6s  |                             | connected, alerts -
        ",
    );
    tell(
        local(),
        "
        0ms    | file torn | starting
        16s    |           | misconfigured, class bad-pin-file, alerts misconfigured
        17s    | file A    |
        17.1s  |           | connected, alerts misconfigured connected
        ",
    );
}

// ---- impostors ----

#[test]
fn an_impostor_is_told_of_once() {
    tell(
        local(),
        "
        1s     | serves M   |
        10.9s  |            | rotating, served M, current A, alerts -
        11.1s  |            | untrusted, alerts untrusted
        30m    |            | untrusted, pending -, current A, rotations 0, alerts untrusted, attempts <150
        1801s  | serves A   |
        1900s  |            | connected, alerts untrusted connected
        ",
    );
}

#[test]
fn an_impostor_with_a_new_certificate_each_time_is_no_quieter() {
    for shell in [local(), remote()] {
        tell(
            shell,
            "
            1s     | changes    |
            5s     |            | rotating, class new-certificate-each-time, alerts -
            10.9s  |            | rotating, current A, alerts -
            11.5s  |            | untrusted, class new-certificate-each-time, alerts untrusted
            30m    |            | untrusted, pending -, current A, rotations 0, alerts untrusted
            1800s  | serves M   |
            1900s  |            | untrusted, class pin-mismatch, alerts untrusted
            1901s  | serves A   |
            2000s  |            | connected, alerts untrusted connected
            ",
        );
    }
}

#[test]
fn any_certificate_is_no_rotation_where_any_is_accepted() {
    tell(
        Shell::new(World::new(TrustMode::Any), None, None),
        "
        1s     | changes         |
        2s     | fails refused   |
        3s     | changes         |
        4s     |                 | connected, rotations 0, alerts -
        ",
    );
}

#[test]
fn an_impostor_with_the_certificate_but_not_its_key() {
    tell(
        local(),
        "
        1s     | replays A  |
        1.5s   |            | untrusted, class bad-signature, rotations 0, alerts untrusted
        10m    |            | untrusted, alerts untrusted, attempts <100
        ",
    );
    // The pin that waits is no more trusted for being replayed.
    tell(
        local(),
        "
        1s     | file B     | restart-pending
        2s     | replays B  |
        20s    |            | untrusted, pending B, current A, rotations 0
        21s    | serves A   |
        60s    |            | connected, restart-pending, current A
        ",
    );
}

#[test]
fn an_impostor_behind_a_server_that_is_away() {
    tell(
        local(),
        "
        1s     | fails refused |
        9s     | serves M      |
        15s    |               | rotating, served M, alerts -
        20.5s  |               | untrusted, served M, alerts untrusted
        21s    | fails refused |
        60s    |               | disconnected, alerts untrusted
        ",
    );
}

#[test]
fn an_impostor_that_takes_turns_with_the_server() {
    tell(
        local(),
        "
        1s     | alternates A M |
        90s    |                | alerts untrusted, attempts <300
        5m     |                | alerts untrusted, attempts <100
        301s   | serves A       |
        340s   |                | connected, alerts untrusted connected
        ",
    );
}

#[test]
fn a_pin_by_fingerprint_changes_by_the_user_only() {
    tell(
        remote(),
        "
        1s     | serves B, file B |
        20s    |                  | untrusted, served B, current A, pending -, alerts untrusted
        21s    | accept B         | pending B
        21.1s  |                  | connected, accepted B, current B, rotations 1, alerts untrusted connected
        22s    | forget           |
        40s    |                  | untrusted, alerts untrusted connected untrusted
        ",
    );
}

#[test]
fn what_a_user_accepts_says_nothing_against_a_file() {
    tell(
        local(),
        "
        1s     | serves M  |
        20s    | accept M  | untrusted, pending -, current A, accepted -
        60s    |           | untrusted, alerts untrusted
        ",
    );
}

#[test]
fn a_handshake_retires_the_old_certificate_whatever_becomes_of_the_reply() {
    for end in ["lost", "truncated", "request-timeout", "bad-reply"] {
        tell(
            local(),
            &format!(
                "
                10s    | file B               | connected, pending B, current A
                11s    | cuts B {end}         |
                11.1s  |                      | current B, pending -, rotations 1, served B, class {end}
                12s    | serves A             |
                14s    |                      | class pin-mismatch, current B
                15s    | serves B             |
                20s    |                      | connected, current B, rotations 1
                "
            ),
        );
    }
}

#[test]
fn a_stranger_within_a_hidden_outage_has_a_patience_of_its_own() {
    tell(
        local(),
        "
        1s     | fails refused |
        13s    | serves M      |
        14.3s  |               | rotating, class pin-mismatch, alerts -
        14.4s  | serves A      |
        18s    |               | connected, alerts -
        ",
    );
    tell(
        local(),
        "
        1s     | fails refused |
        13s    | serves M      |
        22.9s  |               | rotating, alerts -
        24.5s  |               | untrusted, alerts untrusted
        ",
    );
}

#[test]
fn a_stranger_within_an_outage_that_was_told_is_no_alert_at_once_either() {
    tell(
        local(),
        "
        1s     | fails refused |
        30s    | serves M      | disconnected
        35s    |               | disconnected, class pin-mismatch, alerts disconnected
        36s    | fails refused |
        38s    | serves M      |
        39.9s  |               | disconnected, alerts disconnected
        45s    |               | untrusted, alerts disconnected untrusted
        ",
    );
}

// ---- credentials ----

#[test]
fn a_new_key_shows_nothing() {
    tell(
        local(),
        "
        10s    | key 2, server-key 2, serves A |
        10.1s  |                               | connected, alerts -
        20s    | key 3, server-key 3, look     | reconnecting, service
        20.1s  |                               | connected, alerts -
        ",
    );
}

#[test]
fn a_wrong_key_is_told_at_once_and_not_knocked_with() {
    tell(
        local(),
        "
        10s    | server-key 2, serves A |
        11.9s  |                        | reconnecting, class unauthorized, alerts -
        12.2s  |                        | unauthorized, class unauthorized, alerts unauthorized, current A, attempts <4
        10m    | network, woke, look    | unauthorized, alerts unauthorized, attempts <8
        601s   | key 2, look            |
        601.1s |                        | connected, alerts unauthorized connected
        ",
    );
}

#[test]
fn another_network_is_no_reason_to_try_a_refused_key_again() {
    tell(
        remote(),
        "
        10s    | server-key 2, serves A |
        13s    | network                | unauthorized, attempts <5
        14s    | network                | unauthorized, attempts <1
        15s    | woke                   | unauthorized, attempts <1
        16s    | user                   | unauthorized
        17s    |                        | unauthorized, attempts <1
        ",
    );
}

#[test]
fn a_source_with_another_wrong_key_each_time_is_not_knocked_with_either() {
    tell(
        local(),
        "
        10s    | restless key, server-key 0, serves A |
        12.2s  |                                      | unauthorized, alerts unauthorized, attempts <5
        10m    |                                      | unauthorized, alerts unauthorized, attempts <20
        ",
    );
}

#[test]
fn a_refusal_proves_the_new_certificate() {
    tell(
        local(),
        "
        10s    | file B, server-key 2, serves B |
        12.2s  |                                | unauthorized, current B, pending -, rotations 1
        ",
    );
}

// ---- outages ----

#[test]
fn patience_is_that_of_the_class() {
    for (class, quiet, loud) in [
        ("refused", "14.9s", "disconnected"),
        ("handshake-eof", "14.9s", "disconnected"),
        ("connect-timeout", "14.9s", "disconnected"),
        ("dns", "14.9s", "disconnected"),
        ("not-tls", "4.9s", "misconfigured"),
        ("certificate", "9.9s", "untrusted"),
        ("tls-expected", "1.8s", "misconfigured"),
    ] {
        let before = super::story::add(quiet, "1s");
        let after = super::story::add(quiet, "1.3s");
        let hidden = if quiet == "0s" {
            ""
        } else {
            "reconnecting, alerts -"
        };
        tell(
            local(),
            &format!(
                "
                1s       | replies A {class} |
                {before} |                   | {hidden}
                {after}  |                   | {loud}, alerts {loud}
                "
            ),
        );
    }
}

#[test]
fn the_earliest_since_counts_when_the_class_changes() {
    tell(
        local(),
        "
        1s     | fails refused        |
        8s     | fails dns            |
        15.9s  |                      | reconnecting
        16.1s  |                      | disconnected, alerts disconnected
        17s    | fails tls-expected   |
        30s    |                      | misconfigured, alerts disconnected misconfigured
        31s    | fails refused        |
        60s    |                      | disconnected, alerts disconnected misconfigured
        61s    | serves A             |
        80s    |                      | connected, alerts disconnected misconfigured connected
        ",
    );
}

#[test]
fn a_rotation_earns_a_longer_patience_once() {
    tell(
        local(),
        "
        1s     | fails refused |
        10s    | file B        |
        30.5s  |               | rotating, alerts -
        31.1s  |               | disconnected, alerts disconnected
        ",
    );
    tell(
        local(),
        "
        1s     | fails refused |
        20s    | file B        | disconnected, alerts disconnected
        ",
    );
}

#[test]
fn one_broken_reply_is_nothing() {
    tell(
        local(),
        "
        60s    | flaps A            |
        60.002s| serves A           |
        61s    |                    | connected, alerts -
        90s    | replies A bad-path |
        91.5s  | serves A           | reconnecting, alerts -
        92.2s  |                    | connected, alerts -
        ",
    );
}

#[test]
fn refusals_of_a_moment_are_silent_and_those_that_last_are_looked_at_within_seconds() {
    for class in [
        "too-large",
        "redirect",
        "bad-path",
        "not-websocket",
        "forbidden",
        "csrf",
        "host-check",
        "proxy-login",
    ] {
        tell(
            local(),
            &format!(
                "
                10s    | replies A {class} |
                11.5s  | serves A          | reconnecting, alerts -
                12.3s  |                   | connected, alerts -
                60s    | replies A {class} |
                63s    |                   | class {class}, attempts <5
                70s    | serves A          | attempts <50
                80s    |                   | connected
                "
            ),
        );
    }
    tell(
        local(),
        "
        10s    | replies A bad-path |
        70s    |                    | misconfigured, attempts <8
        70m    |                    | misconfigured, attempts <22, alerts misconfigured
        ",
    );
}

#[test]
fn a_proxy_that_refuses_for_a_moment_within_an_outage_adds_no_alert() {
    tell(
        local(),
        "
        1s     | fails refused      |
        30s    | replies A bad-path | disconnected
        31.5s  | serves A           | disconnected, alerts disconnected
        40s    |                    | connected, alerts disconnected connected
        ",
    );
}

#[test]
fn a_server_that_answers_and_breaks_off_is_not_hammered_and_not_hidden_forever() {
    tell(
        local(),
        "
        10s    | flaps A   |
        20s    |           | alerts -, attempts <60
        75s    |           | alerts disconnected, attempts <60
        10m    |           | alerts disconnected, attempts <60
        601s   | serves A  |
        700s   |           | connected, service, alerts disconnected connected
        ",
    );
}

#[test]
fn rotations_in_quick_succession_are_no_flapping() {
    let mut table = String::from("500ms | | connected\n");
    for turn in 1..100 {
        let letter = char::from(b'A' + (turn % 26) as u8);
        let at = turn * 1000;
        table += &format!("{at}ms | fails refused, file {letter} | \n");
        table += &format!("{}ms | serves {letter} | \n", at + 20);
        table += &format!(
            "{}ms | | connected, current {letter}, rotations {turn}, alerts -\n",
            at + 200
        );
    }
    tell(local(), &table);
}

#[test]
fn a_file_that_is_opened_all_the_time_does_not_make_us_hammer() {
    tell(
        local(),
        "
        1s     | fails refused     |
        2s     | opened 1000 times | reconnecting, attempts <200
        ",
    );
}

// ---- retries, pauses, the config ----

#[test]
fn a_failure_that_was_hidden_when_the_computer_fell_asleep_is_not_told_on_waking() {
    tell(
        remote(),
        "
        60s    | fails unreachable |
        62s    |                   | reconnecting
        62.1s  | sleeps 8          | reconnecting, alerts -
        28865s | serves A          |
        28870s |                   | connected, alerts -
        ",
    );
}

#[test]
fn reasons_to_try_at_once() {
    for reason in ["user", "woke", "network"] {
        tell(
            remote(),
            &format!(
                "
                1s      | fails unreachable  |
                10m     | serves A, {reason} |
                600.02s |                    | connected, recovered <20
                "
            ),
        );
    }
}

#[test]
fn a_config_xml_that_was_written_is_a_reason_to_try() {
    tell(
        local(),
        "
        1s      | fails refused  |
        10m     | serves A, look |
        600.02s |                | connected
        ",
    );
}

#[test]
fn a_pause_is_silence() {
    tell(
        local(),
        "
        1s     | fails refused    |
        5s     | pause            | paused
        10m    |                  | paused, service, alerts -, attempts <1
        10m    | place lost not-found, unpause | starting
        601s   | serves A         |
        640s   |                  | connected, alerts -
        ",
    );
}

#[test]
fn a_changed_config_is_followed() {
    tell(
        local(),
        "
        1s     | url https://127.0.0.1:8385, config changed | connected
        1.1s   |                                            | connected, current A, rotations 0
        2s     | config changed, place lost no-key          | connected
        9s     |                                            | unauthorized, class no-key, service, alerts unauthorized
        10s    | place found                                |
        20s    |                                            | connected, alerts unauthorized connected
        21s    | place lost not-found, look                 | connected
        10m    |                                            | connected
        ",
    );
    tell(
        local(),
        "
        6s     | fails refused                             |
        30s    |                                           | disconnected
        31s    | serves A, key 5, server-key 5, config changed |
        31.1s  |                                           | connected, alerts disconnected connected
        ",
    );
}

#[test]
fn a_server_that_never_answers() {
    tell(
        local(),
        "
        0ms    | silent    | starting
        24s    |           | starting, alerts -
        26s    |           | disconnected, alerts disconnected
        ",
    );
}
