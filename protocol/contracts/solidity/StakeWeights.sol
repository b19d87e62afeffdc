// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {NodeRegistry} from "./NodeRegistry.sol";

/// @title What seats weigh by their stakes, none more than a share of all: the same as protocol/data/weights.ts.
/// @notice A seat's units are its stake in thousandths of the least one, without what is on its way out. They are cut
/// at the highest level at which none has more than the cap's share of what all have together. Where there are too few
/// seats for that, each with a stake weighs one.
library StakeWeights {
    uint256 internal constant UNITS = 1_000;
    /// @dev Of one seat: a million least stakes. What seats weigh together stays far below 2^53.
    uint256 internal constant MOST_UNITS = 1_000_000_000;

    function weigh(NodeRegistry registry, address[] memory validators, uint256 cap)
        internal
        view
        returns (uint96[] memory)
    {
        uint256 least = registry.minStake();
        uint256[] memory units = new uint256[](validators.length);
        for (uint256 i = 0; i < units.length; i++) units[i] = unitsOf(registry.stakeOf(validators[i]), least);
        return capped(units, cap);
    }

    /// @notice None below the least stake: who has not that much answers for nothing.
    function unitsOf(uint256 staked, uint256 least) internal pure returns (uint256) {
        if (staked == 0 || staked < least) return 0;
        if (least == 0) return UNITS;
        uint256 whole = staked / least;
        if (whole >= MOST_UNITS / UNITS) return MOST_UNITS;
        return whole * UNITS + (staked % least) * UNITS / least;
    }

    function capped(uint256[] memory units, uint256 cap) internal pure returns (uint96[] memory weights) {
        weights = new uint96[](units.length);
        uint256 most = 0;
        for (uint256 i = 0; i < units.length; i++) if (units[i] > most) most = units[i];
        // What keeps the cap is an interval from zero on, since what a level leaves over rises ever less.
        uint256 level = 0;
        for (uint256 above = most + 1; above - level > 1;) {
            uint256 middle = (level + above) / 2;
            if (middle * 10_000 <= cap * _sum(units, middle)) level = middle;
            else above = middle;
        }
        for (uint256 i = 0; i < units.length; i++) {
            uint256 cut = units[i] < level ? units[i] : level;
            weights[i] = uint96(level == 0 && units[i] > 0 ? 1 : cut);
        }
    }

    function _sum(uint256[] memory units, uint256 level) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < units.length; i++) sum += units[i] < level ? units[i] : level;
    }
}
