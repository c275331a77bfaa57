-- When a provider is asked next what a call came to that was closed with an estimate; null: it was not asked yet; infinity: it is not asked any more.
alter table model_selections add column ask_at timestamptz;

-- In the order of their turns; it takes the place of the one that had them in the order of their ends.
create index model_selections_to_ask on model_selections (coalesce(ask_at, ended_at)) where is_estimated and outcome <> 'open';
drop index model_selections_unsettled;
