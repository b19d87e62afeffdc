// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {NodeRegistry} from "./NodeRegistry.sol";
import {StakeWeights} from "./StakeWeights.sol";

/// @title A Datanet's rosters: who sits, and what each seat weighs.
/// @notice What seats weigh is said when the first roster is seated, and stays so: as they are named; one each; or by
/// what each has staked, under a cap. It is said in place of the weights, by the same number for every seat. Who has a
/// seat is for those who seat it alone: stake makes nobody a validator.
/// What was staked is looked at when a roster is seated, and again by whoever asks for it (`reweigh`): the same seats
/// with what they have staked by then are the roster of the next number. What was put forward to the one before is
/// still theirs to decide, with the weights that they had.
abstract contract Rosters {
    /// @param seatedAs number under which its validators were seated; others after it were only weighed anew
    struct Roster {
        uint128 totalWeight;
        uint32 seatedAs;
        address[] validators;
        mapping(address validator => uint96) weightOf;
        /// Who was caught voting twice, under the number its seat was seated: no stake brings that vote back.
        mapping(address validator => bool) caught;
    }

    uint256 public constant MAX_VALIDATORS = 100;
    /// @notice Every seat weighs one.
    uint96 public constant BY_SEAT = 1 << 94;
    /// @notice With a cap in basis points added: every seat weighs what it has staked, and none above the cap's share.
    uint96 public constant BY_STAKE = 1 << 95;

    NodeRegistry public immutable registry;

    mapping(bytes32 datanet => mapping(uint32 number => Roster)) internal _rosters;
    /// @notice How a Datanet's seats are weighed; 0 where weights are named.
    mapping(bytes32 datanet => uint96) public weighingOf;

    /// @notice With what each seat weighs.
    /// @param seatedAs its own number, or that of the roster whose seats it weighs anew
    event RosterSeated(
        bytes32 indexed datanet, uint32 indexed roster, uint32 seatedAs, address[] validators, uint96[] weights
    );

    error BadRoster();
    error OtherWeighing(uint96 weighing);
    error SeatWithoutStake(address validator);
    error SameWeights();

    constructor(NodeRegistry registry_) {
        registry = registry_;
    }

    /// @dev Number of the roster that sits.
    function _sitting(bytes32 datanet) internal view virtual returns (uint32);

    /// @dev The same seats sit under the next number, which it gives.
    function _seatAgain(bytes32 datanet) internal virtual returns (uint32);

    /// @notice Weighs the sitting roster's seats by what they have staked now. Anyone may, where it makes a difference.
    function reweigh(bytes32 datanet) external returns (uint32 number) {
        uint96 weighing = weighingOf[datanet];
        if (weighing < BY_STAKE) revert OtherWeighing(weighing);
        uint32 sits = _sitting(datanet);
        (address[] memory validators, uint96[] memory before) = membersOf(datanet, sits);
        uint96[] memory weights = StakeWeights.weigh(registry, validators, weighing - BY_STAKE);
        bool differs = false;
        for (uint256 i = 0; i < weights.length; i++) {
            // Who was caught stays without a vote.
            if (_isCaught(datanet, sits, validators[i])) weights[i] = 0;
            differs = differs || weights[i] != before[i];
        }
        if (!differs) revert SameWeights();
        number = _seatAgain(datanet);
        _write(datanet, number, validators, weights);
        Roster storage next = _rosters[datanet][number];
        next.seatedAs = _rosters[datanet][sits].seatedAs;
        emit RosterSeated(datanet, number, next.seatedAs, validators, weights);
    }

    function membersOf(bytes32 datanet, uint32 number)
        public
        view
        returns (address[] memory validators, uint96[] memory weights)
    {
        Roster storage roster = _rosters[datanet][number];
        validators = roster.validators;
        weights = new uint96[](validators.length);
        for (uint256 i = 0; i < weights.length; i++) weights[i] = roster.weightOf[validators[i]];
    }

    function totalWeightOf(bytes32 datanet, uint32 number) external view returns (uint128) {
        return _rosters[datanet][number].totalWeight;
    }

    /// @notice What a seat of a roster weighs when votes on contributions are counted.
    function seatWeightOf(bytes32 datanet, uint32 number, address validator) external view returns (uint96) {
        return _rosters[datanet][number].weightOf[validator];
    }

    /// @notice The weight with which a validator of a roster speaks on chain: none without a stake, and none after it
    /// was caught voting twice.
    function votingWeightOf(bytes32 datanet, uint32 number, address validator) public view returns (uint96) {
        if (_isCaught(datanet, number, validator) || registry.stakeOf(validator) < registry.minStake()) return 0;
        return _rosters[datanet][number].weightOf[validator];
    }

    /// @dev A roster is one by its form, and weighed as all rosters of its Datanet are.
    function _requireRoster(bytes32 datanet, address[] calldata validators, uint96[] calldata weights) internal view {
        if (validators.length == 0 || validators.length > MAX_VALIDATORS || validators.length != weights.length) {
            revert BadRoster();
        }
        uint96 weighing = weighingOf[datanet];
        for (uint256 i = 0; i < weights.length; i++) {
            if (weighing == 0 ? weights[i] >= BY_SEAT : weights[i] != weighing) revert OtherWeighing(weighing);
        }
    }

    /// @return weighed what each seat weighs
    function _seat(bytes32 id, uint32 number, address[] calldata validators, uint96[] calldata weights)
        internal
        returns (uint96[] memory weighed)
    {
        if (number == 1 && weights.length > 0 && weights[0] >= BY_SEAT) {
            uint96 cap = weights[0] - BY_STAKE * (weights[0] / BY_STAKE);
            if (weights[0] != BY_SEAT && (cap == 0 || cap > 10_000)) revert OtherWeighing(weights[0]);
            weighingOf[id] = weights[0];
        }
        _requireRoster(id, validators, weights);
        uint96 weighing = weighingOf[id];
        weighed = weights;
        if (weighing >= BY_STAKE) {
            weighed = StakeWeights.weigh(registry, validators, weighing - BY_STAKE);
        } else if (weighing == BY_SEAT) {
            for (uint256 i = 0; i < weighed.length; i++) weighed[i] = 1;
        }
        // Whoever sits has a vote when it is seated; what becomes of its stake later is weighed then.
        for (uint256 i = 0; i < weighed.length; i++) {
            if (weighed[i] == 0 && weighing >= BY_STAKE) revert SeatWithoutStake(validators[i]);
            if (weighed[i] == 0) revert BadRoster();
        }
        _write(id, number, validators, weighed);
        _rosters[id][number].seatedAs = number;
    }

    /// @notice The number under which the seats of a roster were seated: rosters with the same one are the same seats.
    function seatedAs(bytes32 datanet, uint32 number) public view returns (uint32) {
        return _rosters[datanet][number].seatedAs;
    }

    function _isCaught(bytes32 datanet, uint32 number, address validator) private view returns (bool) {
        return _rosters[datanet][seatedAs(datanet, number)].caught[validator];
    }

    function _write(bytes32 id, uint32 number, address[] memory validators, uint96[] memory weights) private {
        Roster storage roster = _rosters[id][number];
        roster.validators = validators;
        uint128 total = 0;
        for (uint256 i = 0; i < validators.length; i++) {
            address validator = validators[i];
            if (validator == address(0) || roster.weightOf[validator] != 0) revert BadRoster();
            roster.weightOf[validator] = weights[i];
            total += weights[i];
        }
        roster.totalWeight = total;
    }
}
