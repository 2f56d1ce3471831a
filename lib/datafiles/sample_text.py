"""Words for generated training files: an invented bicycle workshop and its customers."""

import random
from dataclasses import dataclass

BUSINESS = "Lantern Lane Cycles"
MECHANIC = "Marit Oldenkamp"
SYSTEM_PROMPT = (
    f"You answer customers of {BUSINESS}, the bicycle workshop of {MECHANIC}. Hear the worry first,"
    " then explain one step at a time, name prices plainly and never talk down to anyone."
)
PROFILE = {
    "name": MECHANIC,
    "business": BUSINESS,
    "expertise": "repair and care of everyday bicycles",
    "years_experience": 19,
    "core_philosophy": {
        "principle_1": "A bicycle that is trusted gets ridden",
        "principle_2": "Say what it costs before the spanner turns",
    },
    "communication_style": {
        "tone": "calm, plain, friendly",
        "techniques": ["name the worry", "one step at a time"],
        "avoid": ["jargon", "blame"],
    },
}


@dataclass(frozen=True, slots=True)
class Persona:
    key: str
    name: str
    background: str
    opening: str


@dataclass(frozen=True, slots=True)
class Arc:
    key: str
    name: str
    emotion: str
    comfort: str
    relief: str


@dataclass(frozen=True, slots=True)
class Topic:
    key: str
    name: str
    symptom: str
    cause: str
    check: str
    price: int
    days: str
    care: str


PERSONAS = (
    Persona("hurried_commuter", "Tobias Reyne", "Rides to work daily.", "I need it by Monday."),
    Persona("nervous_beginner", "Ines Halvard", "Bought a first bicycle.", "I am new to all this."),
    Persona("careful_tourer", "Marguerite Bo", "Plans long tours.", "We leave for the coast soon."),
    Persona("thrifty_student", "Kofi Lindqvist", "Counts every coin.", "My budget is tiny."),
    Persona("busy_parent", "Amara Feld", "Carries two children.", "The kids ride along with me."),
)

ARCS = (
    Arc(
        "worry_to_relief",
        "Worry → Relief",
        "worry",
        "That would unsettle anybody, and it is good that you wrote.",
        "That takes a weight off my mind.",
    ),
    Arc(
        "frustration_to_confidence",
        "Frustration → Confidence",
        "frustration",
        "How annoying, above all when you have tried so much already.",
        "Now I feel that I can handle it.",
    ),
    Arc(
        "doubt_to_decision",
        "Doubt → Decision",
        "doubt",
        "It is fair to hesitate; let us look at it together.",
        "Good, then I know what to do.",
    ),
    Arc(
        "impatience_to_plan",
        "Impatience → Plan",
        "impatience",
        "I see that the clock is ticking, so here is the short version.",
        "A plan at last, thank you.",
    ),
)

TOPICS = (
    Topic(
        "squealing_brakes",
        "Squealing Brakes",
        "my front brake squeals at every traffic light",
        "the pads have glazed over or caught some oil",
        "wipe the rim with a clean cloth and look for a shiny film on the pads",
        28,
        "one day",
        "keep chain oil well away from the wheels",
    ),
    Topic(
        "slipping_gears",
        "Slipping Gears",
        "the chain jumps whenever I push hard uphill",
        "the chain has stretched and the small cogs are worn",
        "lift the chain off the front ring: if you see daylight, it is due",
        54,
        "two days",
        "wipe and oil the chain every other week",
    ),
    Topic(
        "repeated_punctures",
        "Repeated Punctures",
        "my rear tyre has gone flat three times this month",
        "a splinter still sits in the tyre, or the pressure is too low",
        "run a cotton rag around the inside of the tyre and see where it snags",
        19,
        "an hour",
        "pump to the number on the sidewall once a week",
    ),
    Topic(
        "wobbling_wheel",
        "Wobbling Wheel",
        "the back wheel wobbles and rubs on one side",
        "two or three spokes have lost their tension",
        "squeeze the spokes in pairs and note the soft ones",
        32,
        "one day",
        "lift the bicycle over kerbs instead of rolling down them",
    ),
    Topic(
        "tired_battery",
        "Tired E-Bike Battery",
        "the battery of my e-bike lasts half as long as last year",
        "cold storage and full discharges have aged the cells",
        "charge it indoors overnight and write down the distance of the next ride",
        45,
        "three days",
        "store it half charged and away from frost",
    ),
    Topic(
        "sore_hands",
        "Sore Hands and Fit",
        "my hands go numb after half an hour",
        "the saddle tips forward and pushes your weight onto the bars",
        "lay a book on the saddle and see whether it lies level",
        40,
        "an appointment of an hour",
        "move the hands now and then, and change one thing at a time",
    ),
    Topic(
        "winter_storage",
        "Winter Storage",
        "I want to put the bicycle away until spring",
        "damp and flat tyres do more harm than the cold",
        "wash it, dry it, oil the chain and hang it up if you can",
        24,
        "one day",
        "top up the tyres once a month, even while it rests",
    ),
)

_WHY = (
    "Most likely {cause}.",
    "What you describe sounds as if {cause}.",
    "Nine times out of ten, {cause}.",
)
_NEXT = (
    "May I suggest one small thing to try first?",
    "Shall we go through it step by step?",
    "Tell me if you would like to look at it yourself first.",
)
# Each later exchange: what the customer may ask, what the workshop may answer.
_EXCHANGES = (
    (
        (
            "Is there something that I can check at home?",
            "Could I look at it myself before I come by?",
        ),
        (
            "Yes, gladly: {check}. It takes five minutes and needs no tools.",
            "Of course. Simply {check}, and write to me what you saw.",
        ),
    ),
    (
        ("What will that cost me?", "Before I say yes: how much is it?"),
        (
            "With parts it comes to {price} euros, and nothing is done before you agree.",
            "Reckon with {price} euros. Should we find more, we call you first.",
        ),
    ),
    (
        ("How long would you need?", "And when would I have it back?"),
        (
            "We need {days}. Bring it before ten and it is first in line.",
            "Plan on {days}; you get a message the moment it is ready.",
        ),
    ),
    (
        ("How do I keep it from coming back?", "What can I do so that it lasts?"),
        (
            "One habit is enough: {care}.",
            "The best you can do is to {care}. You will feel the difference.",
        ),
    ),
    (
        ("Is it safe to ride until then?", "Can I still use it this week?"),
        (
            "Short and slow trips are fine. If it gets worse, get off and push it home.",
            "Keep to quiet streets and brake early. If you are unsure, leave it and take the tram.",
        ),
    ),
)
_OPENINGS = (
    "Hello, {symptom}. {opening}",
    "{opening} The trouble is that {symptom}.",
    "Can you help? {symptom_capital}. {opening}",
)


def dialogue(
    dice: random.Random, persona: Persona, arc: Arc, topic: Topic, turns: int
) -> list[str]:
    """The words of `turns` turns, the customer's first; an odd last one is a farewell."""
    facts = {
        "opening": persona.opening,
        "symptom": topic.symptom,
        "symptom_capital": topic.symptom[0].upper() + topic.symptom[1:],
        "cause": topic.cause,
        "check": topic.check,
        "price": topic.price + dice.randrange(0, 9),
        "days": topic.days,
        "care": topic.care,
    }
    first_answer = f"{arc.comfort} {dice.choice(_WHY)} {dice.choice(_NEXT)}"
    said = [dice.choice(_OPENINGS), first_answer]
    for questions, answers in dice.sample(_EXCHANGES, turns // 2 - 1):
        said += [dice.choice(questions), dice.choice(answers)]
    if turns % 2:
        said.append(f"{arc.relief} See you at the workshop!")
    return [words.format_map(facts) for words in said]
