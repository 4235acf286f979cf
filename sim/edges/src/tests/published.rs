//! Edges that anybody can look up.

use super::*;

/// Michael Shackleford, wizardofodds.com/games/craps: basics, appendices 1 and 2, and side bets; per bet resolved for
/// the bets on numbers.
const PUBLISHED: &str = "
pass_line 7/495         dont_pass 3/220         come 7/495              dont_come 3/220
odds:4 0                odds:5 0                odds:6 0                lay_odds:8 0
lay_odds:9 0            lay_odds:10 0           put:4 1/3               put:5 1/5
put:6 1/11              place:4 1/15            place:5 1/25            place:6 1/66
place:8 1/66            place:9 1/25            place:10 1/15           place_to_lose:4 1/33
place_to_lose:5 1/40    place_to_lose:6 1/55    buy:4 1/60              buy:5 1/50
buy:6 1/44              lay:4 1/60              lay:5 1/50              lay:6 1/44
big:6 1/11              big:8 1/11              hardway:4 1/9           hardway:6 1/11
hardway:8 1/11          hardway:10 1/9          field 1/18              any_seven 1/6
any_craps 1/9           exactly:2 5/36          exactly:12 5/36         exactly:3 1/9
exactly:11 1/9          horn 1/8                horn_high:2 23/180      horn_high:3 11/90
world 2/15              craps_eleven 1/9        hop:1-1 5/36            hop:6-6 5/36
hop:1-2 1/9             hop:5-6 1/9             next:7 1/60             muggsy 1/18
repeater:2 8/49         repeater:3 13/64        repeater:4 5/27         repeater:5 533/3125
repeater:6 349686/1771561                       small 1687/21736        tall 1687/21736
all 10207263466/136745788725                    different_doubles 43/154
";

#[test]
fn the_edges_are_the_published_ones() {
    let words: Vec<&str> = PUBLISHED.split_whitespace().collect();
    for pair in words.chunks(2) {
        let name = match pair[0].split_once("odds:") {
            Some((lay, number)) => format!("{lay}odds on {number}"),
            None => pair[0].to_owned(),
        };
        assert_eq!(edge(&CrapsRules::default(), named(&name), None).unwrap().edge, ratio(pair[1]), "{name}");
    }
}

#[test]
fn variants_of_the_rules_have_their_published_edges() {
    for (settings, bet, expected) in [
        (&[("pays.field_twelve", "3:1")][..], "field", "1/36"),
        (&[("pays.field_two", "3:1"), ("pays.field_twelve", "3:1")], "field", "0"),
        (&[("vig.up_front", "true")], "buy:4", "1/21"),
        (&[("vig.up_front", "true")], "buy:6", "1/21"),
        (&[("vig.up_front", "true")], "lay:4", "1/41"),
        (&[("vig.up_front", "true")], "lay:5", "1/31"),
        (&[("vig.up_front", "true")], "lay:6", "1/25"),
        (&[("pays.big", "7:6")], "big:6", "1/66"),
        (&[("pays.hop_easy", "16:1")], "hop:1-2", "1/18"),
        (&[("pays.small", "30:1")], "small", "139241/760760"),
        // Barring 3 takes two of 36 rolls away from the bets against, not one.
        (&[("barred", "3")], "dont_pass", "41/990"),
        (&[("barred", "2")], "dont_pass", "3/220"),
    ] {
        let found = edge(&with(settings), named(bet), None).unwrap().edge;
        assert_eq!(found, ratio(expected), "{bet} under {settings:?}");
    }
}

#[test]
fn a_line_bet_takes_557_in_165_rolls() {
    for bet in ["pass_line", "dont_pass", "come", "dont_come"] {
        assert_eq!(edge(&CrapsRules::default(), named(bet), None).unwrap().rolls, ratio("557/165"), "{bet}");
    }
}
