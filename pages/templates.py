"""Configuration templates: the list, and one of them (FR1.3.1)."""

from uuid import UUID

import streamlit as st

from lib.services import templates
from lib.services.errors import NotFound
from lib.ui import template_cards, template_view
from lib.ui.guard import guard
from lib.ui.text import plain

person = guard()

named = st.query_params.get("template")
template = None
if named is not None:
    try:
        template = templates.by_id(person, UUID(named))
    except ValueError:
        st.warning("The address does not name a template.", icon=":material/search_off:")
    except NotFound as error:
        st.warning(plain(error), icon=":material/search_off:")

if template is not None:
    template_view.draw(person, template)
else:
    st.title("Templates", anchor=False)
    template_cards.draw(person)
