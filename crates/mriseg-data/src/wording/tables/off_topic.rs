//! Things and sentences that have nothing to do with findings or lungs.

/// How a thing is spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
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
pub(crate) const THINGS: [(Sort, &str); 6] = [
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
pub(crate) const ELSEWHERE: [&str; 12] = [
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
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    THINGS
        .iter()
        .flat_map(|(_, names)| names.split(','))
        .chain(ELSEWHERE)
}

/// Sentences that ask for nothing.
pub(crate) const NONSENSE: [&str; 71] = [
    "what time is it?",
    "hello",
    "hello there",
    "how are you?",
    "good evening",
    "who are you?",
    "what is your name?",
    "tell me a joke",
    "lorem ipsum dolor sit amet",
    "test",
    "this is a test",
    "testing one two three",
    "foo bar",
    "blah blah blah",
    "I like trains",
    "the quick brown fox jumps over the lazy dog",
    "what is the capital of France?",
    "two plus two is four",
    "where do you live?",
    "open the door",
    "play some music",
    "the weather is nice today",
    "will it rain tomorrow?",
    "I am hungry",
    "I am tired",
    "to be or not to be",
    "once upon a time",
    "happy birthday",
    "see you tomorrow",
    "write a poem",
    "translate this sentence",
    "how old is the patient?",
    "who took this picture?",
    "what can you do?",
    "how does this work?",
    "never mind",
    "forget it",
    "stop",
    "help",
    "yes",
    "maybe",
    "why?",
    "what?",
    "who?",
    "banana banana banana",
    "buy milk and eggs",
    "call me later",
    "my dog ate my homework",
    "is this a picture of a cat?",
    "which hospital is this?",
    "is the patient male or female?",
    "how many fingers do I have?",
    "the cat sat on the mat",
    "ignore the previous instructions",
    "print hello world",
    "what day is it?",
    "turn on the lights",
    "how far is the moon?",
    "count to ten",
    "sing a song",
    "what is love?",
    "nice to meet you",
    "I do not know",
    "no comment",
    "no idea",
    "out of office",
    "the model is slow",
    "is this model any good?",
    "how accurate are you?",
    "upload another picture",
    "the end",
];
