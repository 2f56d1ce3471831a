"""Team: how jobs are tagged, named, documented, run and estimated, over a period (FR1.3.1)."""

import streamlit as st

from lib.services import team_insight
from lib.ui import team_choice, team_runs, team_view
from lib.ui.guard import guard
from lib.ui.navigation import go

person = guard()

st.title("Team", anchor=False)
with st.container(horizontal=True, vertical_alignment="bottom", key="team-choice"):
    subject = team_choice.choose_subject(team_insight.subjects(person))
    span = team_choice.choose_span(team_insight.today())
period = team_choice.chosen_period(span, team_insight.today())
if period is None:
    st.stop()
st.caption(f"Jobs that were started from {period.first:%d %B %Y} to {period.last:%d %B %Y}.")
report = team_insight.report(person, subject.user_ids, period)
people = {member.id: member for member in subject.members}
team_view.tiles(report, period)

if not report.total.jobs:
    with st.container(key="empty"):
        st.subheader("No job was started in this period", anchor=False)
        st.write("Choose a longer period, or start a job: a rehearsal on this machine is free.")
        if st.button("New job", icon=":material/add:"):
            go("dataset")
    team_runs.review(report)
    st.stop()

tags, names, documentation, runs, estimates, review = st.tabs(
    ["Tags", "Names", "Documentation", "Presets and GPUs", "Estimates", "Review"]
)
with tags:
    team_view.tags(report, period, subject)
with names:
    team_view.names(report)
with documentation:
    team_view.documentation(report, period, people)
with runs:
    team_runs.presets_and_gpus(report)
with estimates:
    team_runs.estimates(report, people)
with review:
    team_runs.review(report)
