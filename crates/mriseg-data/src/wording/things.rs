//! Sentences about things that no model of lung findings was trained to find, and plain nonsense.

use mriseg::reading::{Findings, Side};

use super::body::{BARE, Body, Kind, filled, frame, usage};
use super::nonsense::{NONSENSE, invented, mash, salad};
use super::nouns::{Phrase, Use, with_article};
use super::parts::{Composer, Role};
use super::places;

/// How a thing is spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// "the heart"
    The,
    /// "a kidney", of which there are two: "the left kidney"
    Paired,
    /// "a hernia"
    A,
    /// "pleural effusion"
    Mass,
    /// "ribs"
    Many,
    /// "pneumothorax", "left-sided pneumothorax"
    Sided,
}

/// Things by the way they are spoken of, each list separated by commas.
const THINGS: [(Sort, &str); 6] = [
    (
        Sort::The,
        "heart,liver,spleen,stomach,trachea,diaphragm,spine,aorta,brain,prostate,mediastinum,oesophagus,thyroid,\
         pancreas,bladder,gall bladder,colon,duodenum,appendix,rectum,uterus,skull,sternum,pelvis,carina,\
         aortic arch,aortic knuckle,cardiac silhouette,heart shadow,cardiac border,vena cava,pulmonary artery,\
         gastric bubble,abdomen,neck,tongue,nose,jaw,thymus,spinal cord,cerebellum,ventricle,hippocampus,\
         optic nerve,sacrum,tailbone,weather,moon,sun,sky,internet,government,alphabet,printer,president,\
         patient's name,hospital logo,text in the corner,side marker,weather forecast,stock market,background,\
         border of the image",
    ),
    (
        Sort::Paired,
        "kidney,clavicle,scapula,shoulder,humerus,breast,adrenal gland,ovary,testicle,eye,ear,knee,hip,femur,\
         foot,hand,elbow,collarbone,hemidiaphragm,main bronchus,atrium,costophrenic angle,thigh,ankle,wrist,\
         carotid artery,shoulder blade,hilum,tonsil,tibia,nipple",
    ),
    (
        Sort::A,
        "rib fracture,fracture,pacemaker,chest tube,hernia,hiatus hernia,polyp,colon polyp,tumour of the brain,\
         brain tumour,central line,nasogastric tube,tracheostomy tube,endotracheal tube,broken bone,broken rib,\
         kidney stone,gallstone,stroke,liver cyst,skin lesion,melanoma,aneurysm,aortic aneurysm,\
         valve replacement,foreign body,swallowed coin,safety pin,necklace,button,bone tumour,\
         dislocated shoulder,vertebral fracture,thyroid nodule,breast lump,meningioma,glioma,\
         haemorrhage in the brain,fetus,tooth,screw,hip replacement,stent,blood vessel,car,cat,dog,tree,house,\
         pizza,bicycle,banana,chair,table,person,face,bird,horse,ship,train,aeroplane,flower,book,bottle,\
         cup of coffee,laptop,traffic light,elephant,unicorn,dragon,football,guitar,piano,shoe,hat,road,river,\
         mountain,building,cell nucleus,street sign,crack in the wall,pothole,ECG lead,bullet",
    ),
    (
        Sort::Mass,
        "cardiomegaly,pneumomediastinum,free air under the diaphragm,\
         surgical emphysema,scoliosis,osteoporosis,ascites,bowel gas,appendicitis,arthritis,\
         calcification of the aorta,breast tissue,subcutaneous fat,muscle,bone,grass,music,money,traffic,bread,\
         cheese,chocolate,love,happiness,hydrocephalus,diverticulitis,gastritis,hepatitis,diabetes,\
         high blood pressure,an enlarged heart,eczema,white matter of the brain,grey matter of the brain,\
         oedema of the leg,cortical bone,pericardial effusion,hair",
    ),
    (
        Sort::Many,
        "ribs,clavicles,bones,vertebrae,kidneys,breasts,intercostal spaces,sternal wires,surgical clips,\
         electrodes,wires,ECG leads,fractured ribs,joints,teeth,blood vessels,retinal vessels,muscles,\
         kidney stones,cars,people,trees,letters,numbers,houses,cell nuclei,polyps,gallstones,birds,shoes,\
         windows,eyes,fingers,toes,apples,heart valves,coronary arteries,lymph nodes in the neck,bowel loops,\
         hips,shoulders",
    ),
    (
        Sort::Sided,
        "pleural effusion,pneumothorax,pleural fluid,pleural thickening,haemothorax,hydropneumothorax,effusion,\
         tension pneumothorax",
    ),
];

/// Places that are none of the lungs; `{s}` is a side.
const ELSEWHERE: [&str; 12] = [
    "in the {s} lung",
    "in the lungs",
    "over the {s} lung",
    "on the {s}",
    "on the {s} side",
    "in the upper {s} corner",
    "in the lower {s} corner",
    "at the {s} edge",
    "on the {s} side of the picture",
    "in the middle of the picture",
    "in the background",
    "in the corner",
];

/// All names of things, to know their words.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    THINGS
        .iter()
        .flat_map(|(_, names)| names.split(','))
        .chain(ELSEWHERE)
}

/// A sentence about something else.
pub(super) fn other(c: &mut Composer<'_>) -> Body {
    match c.below(100) {
        0..=63 => thing(c),
        64..=79 => {
            let word = invented(c);
            c.note(Role::Thing, word.clone());
            let sort = *c.pick(&[Sort::The, Sort::A, Sort::Mass]);
            let mut body = framed(c, &word, sort);
            body.verbatim = true;
            body
        }
        80..=88 => {
            let text = *c.pick(&NONSENSE);
            c.note(Role::Thing, text);
            Body::new(text.to_owned(), Kind::Alone)
        }
        89..=93 => alone(c, mash),
        _ => alone(c, salad),
    }
}

fn alone(c: &mut Composer<'_>, text: fn(&mut Composer<'_>) -> String) -> Body {
    let text = text(c);
    c.note(Role::Thing, text.clone());
    let mut body = Body::new(text, Kind::Alone);
    body.verbatim = true;
    body
}

fn thing(c: &mut Composer<'_>) -> Body {
    let counts = THINGS.map(|(_, names)| names.split(',').count());
    let mut index = c.below(counts.iter().sum());
    let mut list = 0;
    while index >= counts[list] {
        index -= counts[list];
        list += 1;
    }
    let (sort, names) = THINGS[list];
    let name = names.split(',').nth(index).unwrap_or("heart");
    c.note(Role::Thing, name);
    let side = *c.pick(&Side::BOTH);
    if sort == Sort::Paired && c.chance(0.6) {
        return framed(c, &format!("{side} {name}"), Sort::The);
    }
    if sort == Sort::Sided {
        let name = match c.below(3) {
            0 => format!("{side} {name}"),
            1 => format!("{side}-sided {name}"),
            _ => name.to_owned(),
        };
        return framed(c, &name, Sort::Mass);
    }
    framed(c, name, sort)
}

/// The thing in a frame, sometimes with a place.
fn framed(c: &mut Composer<'_>, name: &str, sort: Sort) -> Body {
    let (frame, kind) = frame(c, |_| true);
    let plural = sort == Sort::Many;
    let the = sort == Sort::The || sort == Sort::Paired && c.chance(0.5);
    let text = match usage(frame) {
        Use::Headline if c.chance(0.7) => name.to_owned(),
        _ if name.starts_with("an ") => name.to_owned(),
        Use::Asked if sort == Sort::Mass || plural => {
            format!(
                "{}{name}",
                c.one_of(&["the ", "", "all ", "any ", "all the "])
            )
        }
        Use::Asked => format!("the {name}"),
        _ if the => format!("the {name}"),
        _ if plural || sort == Sort::Mass => name.to_owned(),
        _ => with_article(name),
    };
    let text = if c.chance(0.22) {
        format!("{text} {}", elsewhere(c))
    } else {
        text
    };
    Body::new(
        filled(frame, &Phrase { text, plural }),
        if frame == BARE { Kind::Bare } else { kind },
    )
}

fn elsewhere(c: &mut Composer<'_>) -> String {
    let side = *c.pick(&Side::BOTH);
    if c.chance(0.25) {
        let zone = c.below(3);
        return places::zones(c, &Findings::one_zone(side, zone)).at(false);
    }
    let place = *c.pick(&ELSEWHERE);
    c.note(Role::Place, place);
    place.replace("{s}", &side.to_string())
}
