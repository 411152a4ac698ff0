"""The everyday questions of the help desk (domain chat), as tables of sentences with slots.

A slot in braces is filled by cases.py: {tea} {type} {thing} {person} {town} {order} {day} and facts that follow from them.
An answer is core (short), reason, and care; styles put these together.
"""

# ruff: noqa: E501  (tables: a sentence reads better on one line)
from __future__ import annotations

from demo.phrases import Wording, w
from demo.scene import Scene

FACTS_BY_TYPE: dict[str, dict[str, str]] = {
    "green": {"temp": "70", "mins": "2", "caffeine": "some", "taste": "fresh and grassy", "food": "rice crackers"},
    "white": {"temp": "80", "mins": "3", "caffeine": "only a little", "taste": "soft and sweet", "food": "ripe pears"},
    "oolong": {"temp": "85", "mins": "4", "caffeine": "a fair amount of", "taste": "floral and smooth", "food": "almond cake"},
    "black": {"temp": "95", "mins": "5", "caffeine": "a lot of", "taste": "strong and malty", "food": "buttered toast"},
    "herbal": {"temp": "100", "mins": "7", "caffeine": "no", "taste": "fruity and mild", "food": "oat biscuits"},
}
HOURS_BY_DAY: dict[str, str] = {
    "Monday": "from 9 to 6", "Tuesday": "from 9 to 6", "Wednesday": "from 9 to 6", "Thursday": "from 9 to 8",
    "Friday": "from 9 to 8", "Saturday": "from 10 to 4", "Sunday": "only by appointment",
}  # fmt: skip

_HOT = w("Mind the hot water.", "Take care with the steam.", "Keep the hot pot away from children.")
_CHECK = w("Please check the parcel when it comes.", "Please keep your receipt.", "Please do not share your order number.")


def _scene(kind: str, prompts: Wording, core: Wording, reason: Wording, care: Wording, *, slots: str, facts: str = "") -> Scene:
    return Scene(kind=kind, domain="chat", prompts=prompts, core=core, reason=reason, care=care,
                 slots=tuple(slots.split()), facts=tuple(facts.split()))  # fmt: skip


CHAT_SCENES: tuple[Scene, ...] = (
    _scene(
        "water temperature",
        w("How hot should the water be for {tea}?", "What temperature does {tea} need?",
          "I bought {tea} and wonder how hot to make the water.", "Which water temperature suits {tea} best?",
          unseen=("Do I boil the water all the way for {tea}, or stop earlier?",)),
        w("use water at {temp} degrees for {tea}.", "{temp} degrees is right for {tea}.", "brew {tea} at {temp} degrees.",
          unseen=("{tea} is happiest at {temp} degrees.",)),
        w("{Type} tea tastes best at that heat.", "Every {type} tea in our shop is brewed like that.",
          "Other water spoils the leaves of {type} tea."),
        _HOT, slots="tea", facts="temp"),
    _scene(
        "steeping time",
        w("How long should I steep {tea}?", "How many minutes does {tea} need in the pot?",
          "My {tea} always goes wrong. How long do the leaves stay in?", "When do I take the leaves of {tea} out?",
          unseen=("I never know when my pot of {tea} is ready. What is the time for it?",)),
        w("steep {tea} for {mins} minutes.", "{tea} needs {mins} minutes.", "take the leaves of {tea} out after {mins} minutes.",
          unseen=("give {tea} {mins} minutes in the pot.",)),
        w("After that, {type} tea turns bitter.", "That is the right time for {type} tea.", "A timer helps with {type} tea."),
        _HOT, slots="tea", facts="mins"),
    _scene(
        "caffeine",
        w("Is there caffeine in {tea}?", "How much caffeine does {tea} have?", "Can I drink {tea} late, or will the caffeine keep me up?",
          "I watch my caffeine. What about {tea}?", unseen=("Will {tea} wake me up in the morning?",)),
        w("{tea} has {caffeine} caffeine.", "there is {caffeine} caffeine in {tea}.", "expect {caffeine} caffeine in {tea}.",
          unseen=("you will find {caffeine} caffeine in {tea}.",)),
        w("That is usual for {type} tea.", "All {type} tea is like that.", "It comes with the {type} leaves."),
        w("Please ask a doctor if caffeine troubles you.", "Drink it early if you sleep badly.", "Please go slowly with your first cup."),
        slots="tea", facts="caffeine"),
    _scene(
        "taste",
        w("What does {tea} taste like?", "Can you describe the taste of {tea}?", "I have never had {tea}. How does it taste?",
          "Is {tea} a strong tea or a mild one?", unseen=("Tell me what to expect from a first sip of {tea}.",)),
        w("{tea} tastes {taste}.", "{tea} is {taste}.", "expect {tea} to be {taste}.", unseen=("a cup of {tea} comes out {taste}.",)),
        w("That is what {type} tea is loved for.", "Most {type} tea has that taste.", "The {type} leaves bring that taste."),
        w("Let it cool before the first sip.", "Please ask us about allergies first.", "The first sip is hot, so go slowly."),
        slots="tea", facts="taste"),
    _scene(
        "food",
        w("What goes well with {tea}?", "What should I eat with {tea}?", "Which snack would you serve with {tea}?",
          "I will serve {tea} to guests. What food fits?", unseen=("Name me one bite that flatters {tea}.",)),
        w("serve {food} with {tea}.", "{food} and {tea} go well together.", "try {tea} with {food}.",
          unseen=("put {food} next to your {tea}.",)),
        w("It suits the taste of {type} tea.", "Guests like it with {type} tea.", "We serve all {type} tea like that."),
        w("Please ask your guests about allergies.", "Please check the food label first.", "Serve the pot on a firm table."),
        slots="tea", facts="food"),
    _scene(
        "opening hours",
        w("Are you open on {day}?", "When can I visit you on {day}?", "What are your hours on {day}?", "I could come by on {day}. When are you there?",
          unseen=("Would I find the door locked on {day}?",)),
        w("on {day} we open {hours}.", "we are here {hours} on {day}.", "our hours on {day}: {hours}.",
          unseen=("you will find us {hours} each {day}.",)),
        w("The hours hang on our door too.", "We keep these hours all year.", "The same hours count for the phone."),
        w("Please mind the step at the door.", "Please use the crossing near the shop.", "The steps are wet when it rains."),
        slots="day", facts="hours"),
    _scene(
        "late order",
        w("My order {order} has not arrived. Where is it?", "I am still waiting for order {order}.", "Can you look up order {order} for me? It is late.",
          "Order {order} should be here by now. What happened?", unseen=("The postman brought nothing. What became of order {order}?",)),
        w("we will trace order {order} today.", "I will look for order {order} at once.", "sorry, we will find order {order} today.",
          unseen=("order {order} gets our full attention now.",)),
        w("The post is slow this week.", "Our driver had too many stops.", "A late parcel is our job, not yours."),
        _CHECK, slots="order"),
    _scene(
        "broken thing",
        w("The {thing} arrived broken.", "My new {thing} has a crack. What now?", "Sadly the {thing} came in two pieces.",
          "I opened the parcel and the {thing} was broken.", unseen=("Something rattles in the box: it is what is left of the {thing}.",)),
        w("we will send you a new {thing}.", "sorry, a new {thing} leaves today.", "you get a new {thing} for free.",
          unseen=("another {thing} is on its way to you.",)),
        w("Broken goods are always on us.", "It must have happened in the van.", "You need not send the old one back."),
        w("Please mind the sharp edges.", "Please wrap the pieces before you bin them.", "Please keep the pieces away from children."),
        slots="thing"),
    _scene(
        "return",
        w("Can I return the {thing}?", "I do not like the {thing}. May I bring it back?", "The {thing} is not what I wanted. Can I swap it?",
          "Do you take back a {thing} that was never used?", unseen=("The {thing} clashes with my curtains. Is it mine for ever?",)),
        w("yes, bring the {thing} back within 30 days.", "you can return the {thing} within 30 days.", "we take the {thing} back for 30 days.",
          unseen=("the {thing} may come home to us within 30 days.",)),
        w("Unused goods can always come back.", "Our shop gives everyone a month.", "We want you to like what you own."),
        w("Please pack it well.", "Please keep your receipt.", "Wrap any glass with care."),
        slots="thing"),
    _scene(
        "gift wrap",
        w("Can you wrap the {thing} for {person}?", "The {thing} is a gift for {person}. Do you wrap it?", "I want to send {person} a {thing}. Can it be wrapped?",
          "Could the {thing} for {person} come in nice paper?", unseen=("{person} adores ribbons. Could the {thing} wear one?",)),
        w("yes, we wrap the {thing} for {person} for free.", "we will wrap the {thing} for {person}.", "the {thing} for {person} gets our gift paper.",
          unseen=("gladly, the {thing} for {person} gets a ribbon.",)),
        w("Gift wrap is free in our shop.", "We do that for every present.", "It takes us two minutes."),
        w("Please tell us about allergies to scent.", "Please keep ribbons away from babies.", "Please open the paper with care."),
        slots="thing person"),
    _scene(
        "put aside",
        w("Can you put {tea} aside for {person}?", "Please keep a tin of {tea} for {person}.", "{person} will pick up a tin of {tea}. Can you hold it?",
          "May {person} collect a tin of {tea} later this week?", unseen=("{person} fears you will sell out of {tea}. Can you help?",)),
        w("we will hold {tea} for {person}.", "yes, {tea} is set aside for {person}.", "{person} can pick up {tea} until Saturday.",
          unseen=("a tin of {tea} now waits for {person}.",)),
        w("We keep goods aside for a week.", "A note on the tin is enough.", "We do that for every guest."),
        w("We will ask for the name before we hand it over.", "Please bring a note with your name.", "We give it to nobody else."),
        slots="tea person"),
    _scene(
        "delivery",
        w("How long does delivery to {town} take?", "Do you send the {thing} to {town}?", "I live in {town}. When would the {thing} arrive?",
          "Can you get the {thing} to {town} this week?", unseen=("Is {town} too far off for a {thing} by post?",)),
        w("the {thing} reaches {town} in 3 days.", "yes, {town} takes 3 days for the {thing}.", "we send the {thing} to {town} within 3 days.",
          unseen=("3 days, and the {thing} is in {town}.",)),
        w("Our van goes out every morning.", "All towns take the same time.", "The post is quick with us."),
        _CHECK, slots="thing town"),
)
