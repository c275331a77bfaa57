using System.Globalization;
using System.Text.Json;
using Engine.Schedules;
using Engine.Tasks;

namespace Chaos.Kinds;

/// <summary>Files a task each time its schedule fires, under the id of the fire: a duty that runs twice files it once.</summary>
public sealed class TickDuty(FileTasks file) : IScheduledDuty
{
    public const string DutyName = "chaos_tick", Tag = "schedule";

    public string Name => DutyName;

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var payload = new ChaosPayload(Tag, 20) { FireTime = fire.FireTime.ToString("O", CultureInfo.InvariantCulture) };
        var filing = await file.RunAsync([new NewTask(ChaosKinds.Quick, JsonSerializer.Serialize(payload, TaskPayload.Options)) { TaskId = fire.FireId }], "schedule", ct);
        return filing is Filing.Done ? "a task was filed" : throw new InvalidOperationException($"{filing}");
    }
}
