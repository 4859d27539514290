//! The words that the reader knows, by meaning; singular, in small letters and without accents.

use super::meaning::Meaning::{self, *};

/// Every word, once. Words for one side stand in the order of their opposites.
pub(super) const WORDS: &[(Meaning, &str)] = &[
    (Side(0), "left lt l leftward leftwards leftsided"),
    (Side(1), "right rt r rightward rightwards rightsided"),
    (
        Zone(0),
        "upper uppermost apex apexes apices apical apically top superior superiorly suprahilar uz",
    ),
    (
        Zone(1),
        "middle mid midzone midlung center centre central centrally perihilar parahilar hilar \
         mz",
    ),
    (
        Zone(2),
        "lower lowermost base basal basally basilar bottom inferior inferiorly infrahilar lowest lz",
    ),
    (Spot(0b01, 0), "lul luz"),
    (Spot(0b01, 1), "lml lmz lingula lingular"),
    (Spot(0b01, 2), "lll llz retrocardiac"),
    (Spot(0b10, 0), "rul ruz"),
    (Spot(0b10, 1), "rml rmz"),
    (Spot(0b10, 2), "rll rlz"),
    (Spot(0b11, 0), "biapical biapically"),
    (Spot(0b11, 2), "bibasal bibasally bibasilar"),
    (Both, "both each either"),
    (Bilateral, "bilateral bilaterally bilat"),
    (Unilateral, "unilateral unilaterally onesided"),
    (Lung, "lung hemithorax hemithoraces haemithorax"),
    (
        Finding,
        "infection persists persist persisting pna opac consol infected infectious infective infect superinfection pneumonia pneumonic \
         bronchopneumonia pneumonitis opacity opacification opacified opacities opaque radiopacity \
         consolidation consolidated consolidate consolidative infiltrate infiltrated infiltration \
         infiltrative glass groundglass ggo ggos lesion airspace haze haziness hazy shadow shadowing \
         shadowy density densities hyperdensity abnormality abnormal abnormalities abnormally \
         anomaly anomalous covid covid19 coronavirus corona sars ncov cov2 virus inflammation inflamed \
         inflammatory disease diseased spot spotty patch cloud cloudy clouding cloudiness stuff sick \
         sickness problem finding pathology pathologic pathological involvement involved affected \
         affection damage damaged illness ill white whiteness whitish whitening whiter bad wrong issue \
         trouble smudge blob blotch fog foggy focus foci tuberculosis tb ards bronchogram paving \
         reticulation markings unhealthy unclear bronchitis affects affect involves concern gunk \
         manifestation process lrti",
    ),
    (
        Anything,
        "anything whatever everything something everywhere",
    ),
    (Whole, "all entire entirety whole total complete full"),
    (
        Verb,
        "segment shade see cut map pick want need which fill delineate encircle pinpoint mark show highlight draw trace label annotate display locate localize localise \
         identify detect extract isolate select paint colour color circle crop segmenting highlighting \
         marking give find point where outlining delineation provide return produce",
    ),
    (
        Organ,
        "outline structure annotation outlined contour border boundary silhouette mask segmentation parenchyma parenchymal \
         shape margin edge anatomy organ themselves itself perimeter tissue extent",
    ),
    (
        Inspect,
        "check look looking examine inspect assess evaluate evaluation assessment diagnose analyse \
         analyze review exclude",
    ),
    (
        No,
        "no non nil without sans absence lack lacking lacks neither zero",
    ),
    (
        Not,
        "not never cannot cant dont doesnt isnt arent wasnt werent hasnt havent didnt wont couldnt aint",
    ),
    (Nothing, "nothing none nobody nowhere"),
    (
        Clear,
        "clear intact nad wnl normal normally unremarkable healthy clean fine uninfected unaffected uninvolved spared \
         sparing spare okay ok ",
    ),
    (
        Gone,
        "absent resolved cleared gone excluded disappeared healed cured vanished",
    ),
    (Free, "negative free"),
    (
        Change,
        "change belong belongs fit changed improvement increase decrease difference doubt question only just sure certain \
         matter worsening progression necessarily merely interval",
    ),
    (
        But,
        "but while whereas however although though yet whilst nevertheless despite",
    ),
    (
        Except,
        "except excepting excluding apart aside ignoring ignore minus omitting besides",
    ),
    (
        Worse,
        "worse worst greater more most mainly mostly predominantly predominant predominating predominance \
         especially particularly primarily chiefly",
    ),
    (Opposite, "opposite other contralateral"),
    (Count(1), "one single solitary"),
    (Count(2), "two"),
    (Count(3), "three"),
    (Count(4), "four"),
    (Count(5), "five"),
    (Count(6), "six"),
    (
        ZoneNoun,
        "zone lobe lobar field third region area part portion section half quadrant sector location place",
    ),
    (SideNoun, "side"),
    (
        In,
        "in within inside on at throughout across over into involving affecting along near",
    ),
    (Of, "of for from to"),
    (And, "and also plus as"),
    (Or, "or nor"),
    (
        Other,
        "heart hand nasogastric hilum hila hilus wire sternal jaw tongue nose thymus cerebellum ventricle hippocampus nerve sacrum carina duodenum appendix rectum adrenal gland ovary testicle ear knee hip femur elbow atrium thigh ankle wrist carotid tonsil tibia gallstone stone stroke melanoma coin pin necklace meningioma glioma haemorrhage hemorrhage fetus ascites gas appendicitis arthritis osteoporosis blood hydrocephalus diverticulitis gastritis hepatitis diabetes eczema hair joint retina retinal finger toe coronary weather elephant unicorn snow water grass music money building laptop bottle shoe window guitar piano mountain dragon football bridge bullet logo printer tailbone cord replacement lump cardiac cardiomegaly mediastinum mediastinal trachea tracheal bronchus bronchi aorta \
         aortic arch artery vein vessel vasculature diaphragm hemidiaphragm liver hepatic stomach gastric \
         spleen kidney renal bladder bowel colon intestine abdomen abdominal pelvis brain head skull neck \
         thyroid breast nipple esophagus oesophagus rib clavicle collarbone scapula shoulder humerus \
         sternum spine spinal vertebra vertebrae bone bony skeleton arm leg foot muscle skin fat \
         lymph node lymphadenopathy adenopathy pleura pleural effusion fluid pneumothorax pneumothoraces \
         hydropneumothorax hemothorax haemothorax emphysema emphysematous bulla bullae fibrosis fibrotic scar \
         scarring atelectasis atelectatic collapse nodule mass tumor tumour cancer carcinoma malignancy \
         metastasis metastases metastatic granuloma calcification calcified cavity cavitation cyst \
         abscess embolism embolus edema oedema hernia fracture dislocation scoliosis pneumomediastinum \
         hyperinflation bronchiectasis asthma copd polyp aneurysm thickening endotracheal cardiomediastinal costophrenic sulcus angle \
         blunting tube ett tracheostomy catheter picc pacemaker pacer lead electrode drain stent \
         clip implant prosthesis device valve screw plate marker text letter car dog cat house tree \
         face bird bicycle truck plane airplane boat horse cow sheep cup chair table phone sky \
         road sun moon banana apple pizza ball eye tooth teeth uterus prostate pancreas gallbladder \
         tumors",
    ),
    (
        ForeignSide,
        "links rechts linke linker linken linkes rechte rechter rechten rechtes linkerlong gauche droite \
         droit droits izquierda izquierdo derecha derecho sinistra sinistro destra destro esquerda \
         esquerdo direita direito lewy lewe lewa lewego prawy prawe prawa prawego vanster hoger venstre \
         hoyre hojre vasen oikea sol sag stanga dreapta bal jobb levo pravo leva prava kiri kanan trai \
         phai",
    ),
    (
        Foreign,
        "lunge lungen lungenflugel poumon poumons pulmon pulmones pulmonar pulmonaire polmone polmoni \
         polmonare pulmao pulmoes longen pluco pluca akciger plaman paru infektion infeccion infezione \
         infecao infeccao entzundung lungenentzundung neumonia pneumonie polmonite unten oben mitte haut \
         bas milieu superieur inferieur arriba abajo beide beidseits bilaterale ambos ambedue tous deux \
         oberlappen unterlappen mittellappen oberfeld unterfeld der die das und ist keine kein nicht \
         zeige mir les dans est sont et avec du el los las hay sin il della nel opacidad \
         verschattung",
    ),
    (
        Lookalike,
        "night tight fight sight eight tower power flower slower lover mower shower supper upped \
         interior legion lesson felt lift loft lent lest deft cleft theft riddle fiddle paddle \
         ventral river lever sliver hearth catch match watch batch pitch peach spat sport button formal \
         mortal cleat bleat lunch lounge plunge blunt lunar ring rungs lying righty lefty lefts weft heft \
         wright fright aright uppercut dental shallow desert hearts",
    ),
    (
        Filler,
        "a an projecting projected remains remain u ur else paracardiac aspect keeping current recent short discussed reported advised m f doing anyone somehow im ive id youd youre hes shes theyre weve thats day week month hour morning evening afternoon urgent teaching homework interpretation answer summary overall luckily fortunately far able ahead hey site mean pls appearance indicative conclusion opinion diagnosis description comment observation pair well enough away back told ask asks asking asked call called number task goal kept keep put supine erect ward case mother father son daughter wife husband anywhere somewhere the yes cardiopulmonary enlarged hyperinflated corner person sub para red green yellow orange purple \
         laterality broken thinking this that these those it its is are was were be been being am has have had do does did \
         done can could will would shall should may might must i me my we us our you your he she they \
         them his her their there here who what whose when why how if then than so such very too \
         much many few some any every several multiple numerous various another further additional new \
         old same own now again still already please thanks thank kindly hello hi dear doctor dr \
         like let lets get make seen saw seems seem appears appear appearing visible visibly \
         present identified demonstrated demonstrates noted evident detected found shown shows showing \
         suggests suggest suggesting suggestive consistent compatible concerning suspicious suspected \
         suspicion suspect possible possibly probable probably likely unlikely questionable apparent \
         apparently evidence sign indication symptom feature patient patients view film portable image \
         picture scan photo xray radiograph radiography radiographic x ray cxr chest thorax thoracic \
         pulmonary frontal lateral laterally pa ap posteroanterior anteroposterior posterior anterior \
         projection study exam examination report impression result test today yesterday date time year \
         yo aged male female man woman boy girl adult child sided shaped based basically with by about \
         around between among through during after before since until up down out off onto upon because \
         due per via patchy subtle dense small mild minor moderate severe large big huge tiny little \
         faint focal multifocal confluent diffuse diffusely scattered peripheral peripherally subpleural \
         interstitial alveolar reticular nodular linear round rounded irregular defined vague light dark \
         darker gray grey black acute chronic subacute active extensive widespread heterogeneous \
         homogeneous asymmetric asymmetrical symmetric symmetrical increased decreased increasing \
         decreasing worsened improved improving resolving stable unchanged persistent residual recurrent \
         early late typical atypical viral bacterial fungal ground air space pattern type kind level \
         grade score severity significant significantly obvious obviously definite definitely clearly \
         slight slightly partial partially completely entirely totally fully extending extends extend \
         spreading spread occupying located localized situated confined limited restricted respectively \
         predominate remaining rest remainder elsewhere otherwise least approximately nearly almost even \
         longer really actually simply quickly good great nice help work use using used try go going come \
         perfectly bright brighter brightest low high halfway resolution say says said tell know think believe hope note given etc ie eg vs versus compared comparison \
         prior previous previously follow followup history clinical cough fever dyspnea breath shortness \
         respiratory symptoms pt pts hx dx status post admission icu hospital emergency ct mri radiology \
         radiologist model ai computer pixel size amount count minimal minimally marked markedly \
         prominent poorly blurry blurred fuzzy bit lot thing line rule ruled include including \
         included contains contain containing cover covers covering body human whether mine self viewer \
         viewers perspective observer reader first second fourth last next toward towards under beneath \
         below above behind beside adjacent lies lie sits having got gets looks sees ones coarse streaky \
         fluffy exactly precisely maybe perhaps quite rather instead request requested requesting",
    ),
];
