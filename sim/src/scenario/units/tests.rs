use super::*;
use proptest::prelude::*;

#[test]
fn a_duration_is_a_number_and_a_unit() {
    for (text, nanos) in [
        ("0 s", 0),
        ("1ns", 1),
        ("500 ms", 500_000_000),
        (" 1.5 s ", 1_500_000_000),
        ("2 us", 2_000),
        ("2 µs", 2_000),
        ("2 min", 120_000_000_000),
        ("0.000000001 s", 1),
        ("1 h", 3_600_000_000_000),
    ] {
        assert_eq!(Span::parse(text).unwrap().nanos(), nanos, "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_duration_is_named() {
    use UnitError::*;
    assert!(matches!(Span::parse("500"), Err(MissingUnit { .. })));
    assert!(matches!(Span::parse("500 sec"), Err(UnknownUnit { .. })));
    assert!(matches!(Span::parse("5 %"), Err(UnknownUnit { .. })));
    assert!(matches!(Span::parse("0.1 ns"), Err(TooFine { .. })));
    assert!(matches!(Span::parse("-1 s"), Err(OutOfRange { .. })));
    assert!(matches!(Span::parse("10000 h"), Err(OutOfRange { .. })));
    for text in ["", "s", ". s", "1. s", ".5 s", "1.2.3 s", "--1 s", "1234567890123456789 s", "± s", "1 2 s"]
    {
        let error = Span::parse(text).unwrap_err();
        assert!(matches!(error, NotANumber { .. } | UnknownUnit { .. }), "{text}: {error}");
    }
}

#[test]
fn a_percentage_is_exact_to_a_billionth() {
    assert_eq!(Percent::parse("0.1 %").unwrap().ppb(), 1_000_000);
    assert_eq!(Percent::parse("100%").unwrap(), Percent::ALL);
    assert_eq!(Percent::parse("0.0000001 %").unwrap().ppb(), 1);
    assert!(matches!(Percent::parse("100.0000001 %"), Err(UnitError::OutOfRange { .. })));
    assert!(matches!(Percent::parse("0.00000001 %"), Err(UnitError::TooFine { .. })));
    assert_eq!(Percent::parse("12.50 %").unwrap().to_string(), "12.5 %");
}

#[test]
fn jitter_is_at_most_what_it_varies() {
    let period = Jittered::parse("5 s ± 2 s").unwrap();
    assert_eq!((period.mean, period.jitter), (Span::from_secs(5), Span::from_secs(2)));
    assert_eq!(Jittered::parse("5 s +- 2 s"), Ok(period));
    assert_eq!(Jittered::parse("5 s +/- 2 s"), Ok(period));
    assert!(matches!(Jittered::parse("2 s ± 5 s"), Err(UnitError::OutOfRange { .. })));
    assert!(matches!(Jittered::parse("2 s ± 5"), Err(UnitError::MissingUnit { .. })));
}

#[test]
fn rates_and_bandwidths_and_sizes_know_their_units() {
    assert_eq!(Rate::parse("50/s").unwrap().per_second(), 50.0);
    assert_eq!(Rate::parse("3 / min").unwrap().per_second(), 0.05);
    assert_eq!(Rate::parse("3/min").unwrap().to_string(), "0.05/s");
    assert_eq!(Rate::parse("1/h").unwrap().to_string(), "1/h");
    assert!(Rate::parse("50 s").is_err());
    assert!(Rate::parse("-1/s").is_err());
    assert_eq!(Bandwidth::parse("20 Mbit/s").unwrap().bits_per_second(), 20_000_000);
    assert!(Bandwidth::parse("20 MB/s").is_err());
    assert_eq!(Size::parse("64 KiB").unwrap().bytes(), 65_536);
    assert_eq!(Size::parse("64 kB").unwrap().bytes(), 64_000);
    assert_eq!(Offset::parse("-20 ms").unwrap().nanos(), -20_000_000);
}

#[test]
fn a_frame_takes_its_bits_divided_by_the_bandwidth() {
    let link = Bandwidth::parse("8 kbit/s").unwrap();
    assert_eq!(link.time_for(1_000), Span::from_secs(1));
    assert_eq!(Bandwidth::parse("3 bit/s").unwrap().time_for(1).nanos(), 2_666_666_667);
    assert_eq!(Bandwidth::parse("0 bit/s").unwrap().time_for(1), Span::MAX);
}

proptest! {
    #[test]
    fn whole_quantities_read_back_as_written(value in 0..=Span::MAX.nanos(), share in 0..=1_000_000_000_u32) {
        let span = Span::from_nanos(value);
        prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
        let offset = Offset(-(value as i64));
        prop_assert_eq!(Offset::parse(&offset.to_string()), Ok(offset));
        let share = Percent(share);
        prop_assert_eq!(Percent::parse(&share.to_string()), Ok(share));
        let bandwidth = Bandwidth(value % (Bandwidth::MAX + 1));
        prop_assert_eq!(Bandwidth::parse(&bandwidth.to_string()), Ok(bandwidth));
        let size = Size(value % (Size::MAX + 1));
        prop_assert_eq!(Size::parse(&size.to_string()), Ok(size));
    }

    #[test]
    fn rates_read_back_as_written(count in 0..1_000_000_000_u64, places in 0..7_u32, unit in 0..3_usize) {
        let whole = 10_u64.pow(places);
        let unit = ["s", "min", "h"][unit];
        let text = format!("{}.{:0width$}/{unit}", count / whole, count % whole, width = places.max(1) as usize);
        let rate = Rate::parse(&text).unwrap();
        prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate), "{}", rate);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC*") {
        let _ = (Span::parse(&text), Offset::parse(&text), Jittered::parse(&text), Rate::parse(&text));
        let _ = (Percent::parse(&text), Bandwidth::parse(&text), Size::parse(&text));
    }
}
