//! A whole ceremony of two validators by the verb's own files. Dealings are slow to make, so there is one.

use super::*;
use crate::home::Home;
use crate::testing;
use bitcraps_casino::GenesisValidator;
use bitcraps_types::ThresholdKey;

fn context(home: &Home) -> Context {
    Context { home: home.clone(), file: None, set: Vec::new() }
}

fn perform(home: &Home, action: Action) -> Result<(), Failure> {
    Dice { action }.perform(&context(home))
}

#[test]
fn two_validators_make_a_key_by_files_and_what_is_forged_on_the_way_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let homes = [0, 1].map(|i| Home::at(at(&format!("home{i}"))));
    let keys = homes.each_ref().map(|home| {
        home.create().unwrap();
        home.create_key().unwrap().public()
    });
    let validators = keys.iter().map(|key| GenesisValidator { key: *key, power: 7 }).collect();
    let dice = DiceKey { group: GroupKey::default(), holders: Vec::new() };
    let draft = Genesis { validators, dice, ..testing::genesis(1) };
    let file = at("draft.json");
    fs::write(&file, genesis_file::to_json(&draft)).unwrap();
    fs::create_dir(at("words")).unwrap();

    let joined = |i: usize| at(&format!("words/{i}.participant"));
    for (i, home) in homes.iter().enumerate() {
        perform(home, Action::Join { draft: file.clone(), out: joined(i) }).unwrap();
    }
    let again = perform(&homes[0], Action::Join { draft: file.clone(), out: at("again") }).unwrap_err();
    assert!(again.message.contains("never overwritten"), "{}", again.message);
    let deal = |i: usize| Action::Deal {
        draft: file.clone(),
        participants: at("words"),
        out: at(&format!("words/{i}.dealing")),
    };
    // A stranger in the place of a validator.
    let whole = fs::read_to_string(joined(1)).unwrap();
    fs::write(joined(1), whole.replacen("\"validator\": 1", "\"validator\": 0", 1)).unwrap();
    let forged = perform(&homes[0], deal(0)).unwrap_err();
    assert!(forged.message.contains("not signed by its key"), "{}", forged.message);
    fs::remove_file(joined(1)).unwrap();
    let alone = perform(&homes[0], deal(0)).unwrap_err();
    assert!(alone.message.contains("expected one of each of the 2 validators"), "{}", alone.message);
    fs::write(joined(1), whole).unwrap();
    (0..2).for_each(|i| perform(&homes[i], deal(i)).unwrap());

    let finish = Action::Finish {
        draft: file.clone(),
        participants: at("words"),
        dealings: at("words"),
        genesis: at("genesis.json"),
        transcript: at("transcript.json"),
    };
    perform(&homes[1], finish).unwrap();
    let take = || Action::Take { genesis: at("genesis.json"), transcript: at("transcript.json") };
    let mut partials = Vec::new();
    for (home, key) in homes.iter().zip(&keys) {
        perform(home, take()).unwrap();
        assert!(!home.dice_secret().exists());
        let genesis = home.read_genesis().unwrap();
        let share = dice::shares(&genesis).unwrap();
        let me = genesis.validators.iter().position(|validator| validator.key == *key).unwrap();
        let share = share.held_by(ValidatorIndex(me as u16))[0];
        let held = dice::of_node(&genesis, key, &home.dice_shares()).unwrap();
        partials.push((share, held.sign(b"m")[0]));
    }
    let genesis = homes[0].read_genesis().unwrap();
    partials.sort_by_key(|(share, _)| *share);
    assert!(dice::public(&genesis).unwrap().combine(b"m", &partials).is_some());
    assert!(perform(&homes[0], take()).is_err(), "the secret is gone");
}
