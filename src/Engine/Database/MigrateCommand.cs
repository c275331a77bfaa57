using System.CommandLine;
using System.Text.Json;
using Engine.Hosting.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine.Database;

static class MigrateCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var plan = new Option<bool>("--plan") { Description = "Say what would be done, and do nothing." };
        var command = new DocumentedCommand("migrate", "Bring the database's schema up to this engine's version.", "engine migrate --plan\nengine migrate")
        {
            plan, frame.Json,
        };
        return command.Runs(async (parse, ct) =>
        {
            var settings = frame.Settings(parse);
            await using var database = await LocalDatabase.OpenAsync(settings, ct);
            await EngineDatabase.ConnectAsync(database.Owner, settings.Get<DatabaseSettings>().StartTimeout, frame.Time, NullLogger.Instance, ct);
            await using var owner = database.OpenOwner();
            var migrate = new MigrateDatabase(owner, frame.Time, NullLogger<MigrateDatabase>.Instance);
            return parse.GetValue(plan)
                ? Tell(frame, parse, await migrate.PlanAsync(null, ct))
                : Tell(frame, parse, "applied", await Progress.ShowAsync(frame, "bringing the schema up to date", EngineDatabase.MigrateAsync(migrate, ct), ct));
        });
    }

    static ExitCode Tell(CommandFrame frame, ParseResult parse, MigrationPlan plan) => plan switch
    {
        MigrationPlan.Pending pending => Tell(frame, parse, "pending", pending.Migrations),
        MigrationPlan.UpToDate => Tell(frame, parse, "pending", []),
        _ => throw plan.Refusal()!,
    };

    static ExitCode Tell(CommandFrame frame, ParseResult parse, string what, IReadOnlyList<Migration> migrations)
    {
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(json => Write(json, what, migrations));
        else if (migrations.Count == 0) frame.Terminal.Say($"The schema is up to date: version {Migration.All[^1].Number}.");
        else
            foreach (var migration in migrations) frame.Terminal.Say($"{migration.Number:D4} {migration.Name} {what}");
        return ExitCode.Done;
    }

    static void Write(Utf8JsonWriter json, string what, IReadOnlyList<Migration> migrations)
    {
        json.WriteStartObject();
        json.WriteNumber("version", Migration.All[^1].Number);
        json.WriteStartArray(what);
        foreach (var migration in migrations)
        {
            json.WriteStartObject();
            json.WriteNumber("number", migration.Number);
            json.WriteString("name", migration.Name);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
