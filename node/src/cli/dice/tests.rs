//! A whole ceremony of two validators by the verb's own files. Dealings are slow to make, so there is one.

use super::*;
use crate::dice::KeysOfNode;
use crate::home::Home;
use crate::testing;
use bitcraps_actors::ports::DiceKeys;
use bitcraps_casino::{Committee, GenesisValidator};
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
    // One has left: its place is vacant, and it takes no part.
    let gone = GenesisValidator { key: PublicKey([9; 32]), power: 0 };
    let validators = keys.iter().map(|key| GenesisValidator { key: *key, power: 7 });
    let validators = validators.chain([gone]).collect();
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
    assert!(
        alone.message.contains("expected one of each of the 2 validators with power"),
        "{}",
        alone.message
    );
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
    let take = |next| Action::Take { genesis: at("genesis.json"), transcript: at("transcript.json"), next };
    // The second takes it as the key of the next committee, beside that of its network.
    homes.iter().zip([false, true]).for_each(|(home, next)| perform(home, take(next)).unwrap());
    assert!(homes[0].dice_shares().exists() && !homes[1].dice_shares().exists());
    assert!(homes[0].genesis().exists() && !homes[1].genesis().exists());
    let genesis = homes[0].read_genesis().unwrap();
    let (committee, shares) = (Committee::of_genesis(&genesis), dice::shares(&genesis).unwrap());
    let mut partials = Vec::new();
    for (index, (home, key)) in (0..).zip(homes.iter().zip(&keys)) {
        assert!(!home.dice_secret().exists());
        let held = KeysOfNode { me: *key, directory: home.keys() }.key(&committee, &shares).unwrap();
        partials.push((shares.held_by(ValidatorIndex(index))[0], held.sign(b"m")[0]));
    }
    partials.sort_by_key(|(share, _)| *share);
    assert!(dice::public(&genesis).unwrap().combine(b"m", &partials).is_some());
    assert!(perform(&homes[0], take(false)).is_err(), "the secret is gone");
}
