#!/bin/sh
# collect.sh ARGUMENTS OF make_pool.py: the question pool and the test problems, made up by a program (standard Python alone).
PYTHONPATH=$ST_IN PYTHONDONTWRITEBYTECODE=1 exec "${PYTHON:-python3}" "$ST_IN/make_pool.py" . "$@"
