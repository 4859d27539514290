//! Ordinary English words, none of which asks for a finding, a side, a zone or the lungs.

/// The words, separated by spaces.
pub(crate) const ENGLISH: &str = "\
able about above accept across action actually add address afraid after afternoon again against ago agree air almost \
alone along already also although always among amount angry animal another answer anybody apple april arm army \
around arrive art ask asleep aunt autumn away baby bag ball bank basket bath beach bean bear beautiful because \
become bed before begin behind believe bell belong below beside best better between bicycle big bird birthday bit \
blanket blue board boat book boot born borrow bottle bowl box boy branch brave bread break breakfast bridge bring \
brother brown build burn bus business busy butter buy cake call camera camp candle captain card care carpet carry \
castle catch cave ceiling cent century chain chair chance change cheap cheese chicken child chocolate choose \
christmas church city class clever climb clock close cloth clothes coast coat coffee cold collect college come \
common company cook cool copy corn corner cost cotton count country course cousin cover cow cross crowd cry cup cut \
daily dance danger date daughter day dear decide deep desk die different difficult dinner dirty discover dish \
distance doctor dog door double down dream dress drink drive drop dry duck during dust each early earn earth east \
easy eat edge egg eight electric else empty end enemy engine enjoy enough enter even evening ever every exam example \
except excite excuse expect explain extra face fact factory fail fall family famous farm farmer fast father \
favourite fear feed feel fence few field fifteen fight film final fine finger finish fire first fish five flag flat \
floor flower fly fold follow food foot football foreign forest forget forgive fork forty forward four fresh friday \
friend front fruit fun funny furniture future game garden gate gentle gift girl give glad glass glove goat gold good \
goodbye grandmother grass green ground group grow guess guest guide gun habit hammer happen happy hard hate have \
hear heavy hello help hill history hobby hold hole holiday home honest hope horse hospital hot hotel hour house \
hundred hungry hurry husband ice idea important instead interest invite iron island jacket job join journey joy \
juice jump june keep kettle key kick kind king kitchen kitten knife knock know ladder lady lake lamp land language \
large last late laugh law lazy leaf learn least leather leave lemon lend less lesson letter library lie life lift \
like lion lip list listen little live local lock lonely long lose loud love low lucky lunch machine magazine main \
make man many market marry match matter meal mean measure meat meet member memory mend message metal milk million \
mind minute mirror miss mistake mix modern moment monday money monkey month moon morning most mother motor mountain \
mouse move much music name narrow nation nature nearly necessary need needle neighbour nephew new news next nice \
night nine noise noon north notebook notice november number object ocean october offer office often oil old once \
onion open opposite orange order other ought oven owner page paint pair paper parent park party pass past path pay \
peace pencil people pepper perhaps person petrol photograph piano picnic piece pilot pink place plan plane plant \
plastic plate play pleasant plenty pocket poem police polite pool poor popular possible post pot potato pour power \
practise prepare present president pretty price prince prison prize probably promise proud public pull punish pupil \
push queen question quick quiet quite rabbit race radio railway rain raise reach read ready real reason receive \
record red remember repeat reply rest return rice rich ride ring river road rock roof room rope rose round rule run \
sad safe sail salt same sand saturday save say school science scissors sea season seat second secret sell send \
sentence serious seven shake shall share sharp sheep sheet shelf ship shirt shoe shop short shout shut silver simple \
since sing sister sit size skin sleep slow smell smile smoke snow soap sock soft soldier son song soon sorry soup \
south space speak special speed spell spend spoon sport square stairs stamp stand star start station stay steal step \
still stone store storm story strange street string strong student study sudden sugar summer sun sunday supper sure \
surprise sweet swim sword table tail take talk tall tape taste taxi tea teach team telephone television ten tennis \
tent test thank theatre thick thief thin thing think thirsty thirty thousand thread throw thunder thursday ticket \
tidy tie tiger time tin tired today toe together tomato tomorrow tonight tool tooth total touch tour towel tower \
town toy traffic train travel tree trip trouble trousers truck true trust try tuesday turn twelve twenty twice \
umbrella uncle under understand uniform university until useful usual valley vegetable very village violin visit \
voice wait wake walk wall war warm wash watch water way weak wear weather wednesday week weekend welcome west wet \
wheel while wide wife wild win wind window wine winter wise wish woman wonder wood wool word work world worry wrap \
write wrong yard year yellow yesterday yet young zoo";
