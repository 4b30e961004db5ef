"""Pages of records. A verb's name stands where `edit` and the like stand, so theirs are never taken."""

from django.urls import path

from kernel.web import (
    board,
    cell,
    columns,
    compose,
    detail,
    edit,
    files,
    filters,
    groups,
    lists,
    moves,
    options,
    saved_views,
    timeline,
    trash,
)

urlpatterns = [
    path("trash", trash.trash, name="trash"),
    path("r/<slug:slug>", lists.records, name="records"),
    path("r/<slug:slug>/new", edit.new, name="record-new"),
    path("r/<slug:slug>/options", options.options, name="record-options"),
    path("r/<slug:slug>/filters", filters.choose, name="record-filters"),
    path("r/<slug:slug>/figures", lists.figures, name="record-figures"),
    path("r/<slug:slug>/column/<uuid:stage>", board.column, name="board-column"),
    path("r/<slug:slug>/move", moves.move_card, name="board-move"),
    path("r/<slug:slug>/<uuid:pk>", detail.detail, name="record"),
    path("r/<slug:slug>/<uuid:pk>/edit", edit.edit, name="record-edit"),
    path("r/<slug:slug>/pick/<slug:name>", options.pick, name="record-pick"),
    path("r/<slug:slug>/compose", compose.add, name="record-compose"),
    path("r/<slug:slug>/<uuid:pk>/delete", edit.delete, name="record-delete"),
    path("r/<slug:slug>/<uuid:pk>/restore", edit.restore, name="record-restore"),
    path("r/<slug:slug>/<uuid:pk>/move", moves.move, name="record-move"),
    path("r/<slug:slug>/<uuid:pk>/timeline", timeline.more, name="record-timeline"),
    path("r/<slug:slug>/<uuid:pk>/cell/<slug:name>", cell.cell, name="record-cell"),
    path("r/<slug:slug>/<uuid:pk>/<slug:name>", edit.verb, name="record-verb"),
]
