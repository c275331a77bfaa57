using Routing.Learning;

namespace Routing.Tests.Learning;

public sealed class EstimateQualityTests
{
    static readonly QualityEvidence Nothing = new(null, null, 0, 0, 0, 0);

    [Fact]
    public void Before_anything_was_judged_beliefs_decide_and_a_benchmark_is_surer_than_a_price()
    {
        var estimates = EstimateQuality.Of([Nothing with { Belief = 0.9 }, Nothing with { PricePerMtok = 10 }, Nothing]);

        Assert.Equal(0.9, estimates[0].Mean, 3);
        Assert.InRange(estimates[1].Mean, 0.77, 0.79);
        Assert.True(estimates[0].Variance < estimates[1].Variance);
    }

    [Fact]
    public void Judgements_outweigh_beliefs()
    {
        var estimate = EstimateQuality.Of([new(0.9, null, 30, 100, 30, 100)])[0];

        Assert.InRange(estimate.Mean, 0.30, 0.36);
    }

    [Fact]
    public void A_record_elsewhere_counts_here_less_than_one_made_here()
    {
        var (here, elsewhere) = (Nothing with { GoodHere = 5, AllHere = 50, GoodEverywhere = 5, AllEverywhere = 50 }, Nothing with { GoodEverywhere = 5, AllEverywhere = 50 });
        var estimates = EstimateQuality.Of([here, elsewhere, Nothing]);

        Assert.True(estimates[0].Mean < 0.2);
        Assert.InRange(estimates[1].Mean, estimates[0].Mean - 0.1, 0.4);
        Assert.True(estimates[0].Variance < estimates[1].Variance);
        Assert.True(estimates[2].Mean > estimates[1].Mean);
    }

    [Fact]
    public void Where_all_do_worse_an_unjudged_one_is_expected_to_do_worse_too()
    {
        var known = new QualityEvidence(0.8, null, 20, 100, 720, 900); // 20 % here, 80 % in all
        var hard = EstimateQuality.Of([known, Nothing with { Belief = 0.8 }]);

        Assert.InRange(hard[1].Mean, 0.2, 0.4);
    }

    [Theory]
    [InlineData(0.04, 1)]
    [InlineData(0.06, null)]
    public void A_small_share_goes_to_the_one_that_could_be_best(double draw, int? chosen)
    {
        ModelScore[] scores = [new(0.8, 0.0001), new(0.7, 0.02), new(0.75, 0.0001)];

        Assert.Equal(chosen, ExploreModels.Choose(scores, 0.05, draw));
    }

    [Fact]
    public void Nobody_is_tried_who_cannot_be_better_and_no_more_than_a_fifth_is_given_away()
    {
        ModelScore[] hopeless = [new(0.8, 0.0001), new(0.5, 0.0001)], close = [new(0.8, 0.0001), new(0.79, 0.01)];

        Assert.Null(ExploreModels.Choose(hopeless, 0.2, 0));
        Assert.Null(ExploreModels.Choose(close, 0, 0));
        Assert.Null(ExploreModels.Choose(close, 1, 0.21));
        Assert.Null(ExploreModels.Choose([close[0]], 0.2, 0));
    }

    [Fact]
    public void Draws_of_requests_are_even_and_stay()
    {
        var ids = Enumerable.Range(0, 4000).Select(_ => Guid.CreateVersion7(DateTimeOffset.UnixEpoch)).ToList();

        Assert.All(ids, id => Assert.Equal(ExploreModels.Draw(id), ExploreModels.Draw(id)));
        Assert.InRange(ids.Count(id => ExploreModels.Draw(id) < 0.05), 130, 280);
    }
}
