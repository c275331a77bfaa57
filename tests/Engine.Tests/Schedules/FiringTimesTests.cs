using Engine.Schedules;

namespace Engine.Tests.Schedules;

public sealed class FiringTimesTests
{
    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("0 17 3 * * ?")]
    [InlineData("* * * * * *")]
    [InlineData("0/5 * * ? * MON-FRI")]
    [InlineData("0 0 12 L * ?")]
    [InlineData("0 0 12 1 1 ? 2030")]
    public void A_cron_expression_with_seconds_is_accepted(string cron) => Assert.Empty(FiringTimes.Problems(cron, "Europe/Berlin", Now));

    [Theory]
    [InlineData("61 * * * * ?", "\"seconds\": \"61\"")]
    [InlineData("0 x * * * ?", "\"minutes\": \"x\"")]
    [InlineData("0 0 25 * * ?", "\"hours\": \"25\"")]
    [InlineData("0 0 3 32 * ?", "\"day of month\": \"32\"")]
    [InlineData("0 0 3 * 13 ?", "\"month\": \"13\"")]
    [InlineData("0 0 3 ? * FOO", "\"day of week\": \"FOO\"")]
    [InlineData("0 0 3 * * ? soon", "\"year\": \"soon\"")]
    [InlineData("0 */0 * * * ?", "\"minutes\": \"*/0\"")]
    [InlineData("0 3 * * *", "has 5")]
    [InlineData("", "has 0")]
    [InlineData("@daily", "has 1")]
    [InlineData("0 0 3 * * ? 2026 7", "has 8")]
    [InlineData("0 0 3 30 2 ?", "no time in the future")]
    [InlineData("0 0 3 * * ? 1999", "no time in the future")]
    [InlineData("0 0 3 * * ?'; drop table schedules; --", "has 10")]
    public void A_wrong_cron_expression_is_told_with_its_field(string cron, string told) =>
        Assert.Contains(told, Assert.Single(FiringTimes.Problems(cron, "UTC", Now)), StringComparison.Ordinal);

    [Fact]
    public void An_endless_cron_expression_is_refused_unread() =>
        Assert.Contains("at most 200", Assert.Single(FiringTimes.Problems(new string('*', 100_000), "UTC", Now)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Mars/Olympus")]
    [InlineData("W. Europe Standard Time")]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    public void An_unknown_time_zone_is_told(string zone) =>
        Assert.StartsWith("time_zone must be an IANA time zone", Assert.Single(FiringTimes.Problems("0 0 3 * * ?", zone, Now)), StringComparison.Ordinal);

    [Fact]
    public void Both_fields_are_told_when_both_are_wrong() => Assert.Equal(2, FiringTimes.Problems("x", "Mars/Olympus", Now).Count());

    [Theory]
    // Spring: 02:30 does not exist on 29 March; the fire comes when the skipped hour ends.
    [InlineData("0 30 2 * * ?", "2026-03-28T12:00Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z")]
    // Autumn: 02:30 comes twice on 25 October; the fire comes once.
    [InlineData("0 30 2 * * ?", "2026-10-24T12:00Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z")]
    // What counts by the hour goes on through both.
    [InlineData("0 0 * * * ?", "2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z")]
    [InlineData("0 0 * * * ?", "2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z")]
    public void Fires_around_the_change_of_the_clocks_in_Berlin(string cron, string after, string first, string second)
    {
        var one = FiringTimes.Next(cron, "Europe/Berlin", At(after))!.Value;

        Assert.Equal(At(first), one);
        Assert.Equal(At(second), FiringTimes.Next(cron, "Europe/Berlin", one));
    }

    static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
