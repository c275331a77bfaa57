using System.Text.Json;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary>The emulator is honest: the official clients work against it, and fail on its faults as they fail on the real ones.</summary>
public sealed class ClientTests(ClientTests.Clients clients) : IClassFixture<ClientTests.Clients>
{
    [TheoryNeedingClients]
    [InlineData("chat")]
    [InlineData("streaming")]
    [InlineData("streaming_in_pieces")]
    [InlineData("tools")]
    [InlineData("json_schema")]
    [InlineData("embeddings")]
    [InlineData("models")]
    [InlineData("error_frames")]
    [InlineData("errors_in_an_answer_with_status_200_are_not_seen")]
    [InlineData("broken_streams")]
    [InlineData("limits_are_tried_three_times")]
    [InlineData("overload_is_tried_three_times_and_lack_of_money_once")]
    [InlineData("x_should_retry_is_obeyed")]
    [InlineData("aborting_cancels")]
    public void The_openai_client_works(string check) => Assert.Null(clients.OpenAI.Error(check));

    [TheoryNeedingClients]
    [InlineData("chat")]
    [InlineData("tools")]
    [InlineData("streaming")]
    [InlineData("error_frames")]
    [InlineData("errors")]
    [InlineData("models")]
    [InlineData("embeddings")]
    [InlineData("account")]
    public void The_openrouter_client_which_checks_every_member_works(string check) => Assert.Null(clients.OpenRouter.Error(check));

    [TheoryNeedingClients]
    [InlineData(nameof(The_openai_client_works), "openai.mjs")]
    [InlineData(nameof(The_openrouter_client_which_checks_every_member_works), "openrouter.mjs")]
    public void No_check_is_left_out(string test, string script)
    {
        var rows = typeof(ClientTests).GetMethod(test)!.GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(r => (string)r.GetData(null!).Single()[0]);

        Assert.Equal((script == "openai.mjs" ? clients.OpenAI : clients.OpenRouter).Checks, rows);
    }

    /// <summary>Both clients' checks, run once.</summary>
    public sealed class Clients : IAsyncLifetime
    {
        public CheckedClient OpenAI { get; private set; } = null!;

        public CheckedClient OpenRouter { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            if (!TheoryNeedingClientsAttribute.AreThere) return;
            OpenAI = await RunAsync("openai.mjs");
            OpenRouter = await RunAsync("openrouter.mjs");
        }

        public Task DisposeAsync() => Task.CompletedTask;

        static async Task<CheckedClient> RunAsync(string script)
        {
            await using var rig = await Rig.StartAsync();
            using var node = RunningProgram.Start("node", [RepositoryFile.Path("tests", "Emulators.Tests", "clients", script), rig.Emulator.Url.ToString()]);
            var run = await node.EndAsync(TimeSpan.FromMinutes(1));
            Assert.True(run.ExitCode == 0, run.Output + run.Error);
            return new CheckedClient([.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Rig.Parse(line))]);
        }
    }

    public sealed class CheckedClient(IReadOnlyList<JsonElement> results)
    {
        public IEnumerable<string> Checks => results.Select(r => r.GetProperty("name").GetString()!);

        public string? Error(string check) => results.Single(r => r.GetProperty("name").GetString() == check).GetProperty("error").GetString();
    }
}

/// <summary>A theory about the npm packages in <c>clients</c>: without them or Node.js, skipped on a laptop, failed in CI.</summary>
sealed class TheoryNeedingClientsAttribute : TheoryAttribute
{
    public TheoryNeedingClientsAttribute()
    {
        if (!AreThere && Environment.GetEnvironmentVariable("CI") is null or "") Skip = "Node.js or the packages of tests/Emulators.Tests/clients are not installed (npm ci --ignore-scripts)";
    }

    public static bool AreThere => FactNeedingAttribute.Exists("node") && Directory.Exists(RepositoryFile.Path("tests", "Emulators.Tests", "clients", "node_modules", "openai"));
}
