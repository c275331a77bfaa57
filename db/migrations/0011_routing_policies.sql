-- Which models may do which work, for how much money. A row is a version: it is never changed, and one of each policy is in force.
create table routing_policies (
    policy        text not null,
    version       integer not null,
    is_active     boolean not null default false,
    policy_config jsonb not null,
    note          text not null default '',
    created_by    text not null,
    created_at    timestamptz not null,
    primary key (policy, version),
    constraint policy_name_form check (policy ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint policy_version_counts check (version >= 1),
    constraint policy_config_form check (jsonb_typeof(policy_config) = 'object' and octet_length(policy_config::text) <= 262144),
    constraint policy_note_length check (char_length(note) <= 2000),
    constraint policy_author_length check (char_length(created_by) between 1 and 200)
);
create unique index routing_policies_one_active on routing_policies (policy) where is_active;
grant select, insert on routing_policies to engine;
grant update (is_active) on routing_policies to engine;

-- Which policy a type of task goes by. The type generic stands in for those that are not here.
create table routing_task_types (
    task_type  text primary key,
    policy     text not null,
    preference text,
    constraint task_type_form check (task_type ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint task_type_policy_form check (policy ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint task_type_preference_known check (preference in ('fast', 'quality', 'code', 'balanced'))
);
grant select, insert, delete on routing_task_types to engine;

create view v_routing_policies as
select policy, version, is_active, (policy_config ->> 'max_cost_per_task_usd')::numeric(18, 8) as max_cost_per_task_usd,
    (select string_agg(m.value ->> 'model', ' → ' order by (m.value ->> 'priority')::integer, m.ordinality)
     from jsonb_array_elements(policy_config -> 'models') with ordinality m) as models,
    policy_config, note, created_by, created_at
from routing_policies;
grant select on v_routing_policies to engine_reader;

create view v_routing_task_types as
select t.task_type, t.policy, t.preference, p.version as policy_version
from routing_task_types t
left join routing_policies p on p.policy = t.policy and p.is_active;
grant select on v_routing_task_types to engine_reader;

insert into routing_policies (policy, version, is_active, note, created_by, created_at, policy_config) values
    ('normal', 1, true, 'As the engine comes.', 'migration', timestamptz '2026-01-01 00:00:00+00', '{
        "description": "Everyday work: reading logs, writing reports, whatever has no policy of its own.",
        "models": [
            {"model": "openai/gpt-4o-mini", "priority": 1, "aliases": ["openai/gpt-4.1-mini", "openai/gpt-5-mini"]},
            {"model": "anthropic/claude-sonnet-4.5", "priority": 2,
             "aliases": ["anthropic/claude-sonnet-4.6", "anthropic/claude-sonnet-4", "anthropic/claude-3.7-sonnet", "anthropic/claude-3.5-sonnet"]}
        ],
        "max_cost_per_task_usd": 0.10, "max_tokens": 4000, "temperature": 0.7,
        "weights": {"cost": 0.4, "quality": 0.4, "latency": 0.2},
        "downgrade_to": ["ops"]
    }'),
    ('deep', 1, true, 'As the engine comes.', 'migration', timestamptz '2026-01-01 00:00:00+00', '{
        "description": "Research, plans and whatever must be thought through.",
        "aliases": ["deep_research"],
        "models": [
            {"model": "openai/gpt-4o", "priority": 1, "aliases": ["openai/gpt-4.1", "openai/gpt-5"]},
            {"model": "anthropic/claude-opus-4.5", "priority": 2, "aliases": ["anthropic/claude-opus-4.1", "anthropic/claude-opus-4", "anthropic/claude-3-opus"]}
        ],
        "max_cost_per_task_usd": 1.00, "max_tokens": 8000, "temperature": 0.7,
        "weights": {"cost": 0.1, "quality": 0.8, "latency": 0.1},
        "downgrade_to": ["normal"]
    }'),
    ('code', 1, true, 'As the engine comes.', 'migration', timestamptz '2026-01-01 00:00:00+00', '{
        "description": "Finding errors, fixing them, reviewing and deploying code.",
        "models": [
            {"model": "openai/gpt-4o", "priority": 1, "aliases": ["openai/gpt-4.1", "openai/gpt-5"]},
            {"model": "anthropic/claude-sonnet-4.5", "priority": 2,
             "aliases": ["anthropic/claude-sonnet-4.6", "anthropic/claude-sonnet-4", "anthropic/claude-3.7-sonnet", "anthropic/claude-3.5-sonnet"]}
        ],
        "max_cost_per_task_usd": 0.50, "max_tokens": 8000, "temperature": 0.3,
        "weights": {"cost": 0.2, "quality": 0.65, "latency": 0.15},
        "downgrade_to": ["normal"]
    }'),
    ('ops', 1, true, 'As the engine comes.', 'migration', timestamptz '2026-01-01 00:00:00+00', '{
        "description": "Small questions that are asked often.",
        "models": [
            {"model": "openai/gpt-3.5-turbo", "priority": 1, "aliases": ["openai/gpt-4.1-nano", "openai/gpt-5-nano"]},
            {"model": "anthropic/claude-haiku-4.5", "priority": 2, "aliases": ["anthropic/claude-3.5-haiku", "anthropic/claude-3-haiku"]}
        ],
        "max_cost_per_task_usd": 0.01, "max_tokens": 1000, "min_tokens": 128, "temperature": 0.3,
        "weights": {"cost": 0.6, "quality": 0.2, "latency": 0.2},
        "upgrade_on_context": ["normal"]
    }');

insert into routing_task_types (task_type, policy) values
    ('investigate_error', 'code'), ('deploy_code', 'code'), ('fix_bug', 'code'), ('code_review', 'code'),
    ('analyze_logs', 'normal'), ('write_report', 'normal'), ('generic', 'normal'),
    ('simple_query', 'ops'),
    ('deep_research', 'deep'), ('plan', 'deep');
