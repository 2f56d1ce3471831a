"""LoRA Pipeline: `streamlit run app.py` is the whole system on one machine.

The shell script draws the pages; the routes answer plain HTTP; the lifespan migrates the database
and starts the worker.
"""

import streamlit as st

from lib.http.lifespan import lifespan
from lib.http.routes import ROUTES
from lib.ui.faults import show_fault

# The shell does not lie beside pages/: there Streamlit would run a page without it (and so
# without sign-in) when a fresh process is asked for that page first.
app = st.App("lib/ui/shell.py", routes=ROUTES, lifespan=lifespan, on_script_error=show_fault)
