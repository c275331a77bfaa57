using System.Text.RegularExpressions;
using Dapper;
using Engine.Hosting.CommandLine;
using Support;

namespace Engine.Tests.Schedules;

public sealed class SchedulesCommandTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Theory]
    [InlineData("schedules show", @"engine schedules show ([a-z]\S+)")]
    [InlineData("schedules enable", @"engine schedules enable ([a-z]\S+)")]
    [InlineData("schedules disable", @"engine schedules disable ([a-z]\S+)")]
    [InlineData("schedules set", @"engine schedules set ([a-z]\S+)")]
    [InlineData("schedules run", @"engine schedules run ([a-z]\S+)")]
    [InlineData("audit list", @"schedule:(\w[\w-]+)")]
    public async Task The_schedule_that_the_help_names_is_there_from_the_start(string command, string example)
    {
        await using var connection = await db.Reader.OpenConnectionAsync();
        var seeded = await connection.QueryAsync<string>("select name from v_schedules");

        var help = await CommandLineRun.OfAsync(new Dictionary<string, string>(), [.. command.Split(' '), "--help"]);

        Assert.Equal(ExitCode.Done, help.ExitCode);
        var named = Regex.Matches(help.Output, example).Select(m => m.Groups[1].Value).ToArray();
        Assert.NotEmpty(named);
        Assert.Subset(seeded.ToHashSet(), named.ToHashSet());
    }
}
